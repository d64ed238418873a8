# cmake -Dfrom=<file> -Dto=<file> -P link_or_copy.cmake
# A hard link costs no space (the libraries take 150 MB); across file systems it becomes a copy.
get_filename_component(from "${from}" REALPATH)
get_filename_component(directory "${to}" DIRECTORY)
file(MAKE_DIRECTORY "${directory}")
file(REMOVE "${to}")
file(CREATE_LINK "${from}" "${to}" COPY_ON_ERROR)
