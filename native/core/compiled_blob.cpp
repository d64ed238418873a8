#include "core/compiled_blob.h"

#include <ovembed_tokenizer.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/error.h"
#include "core/faults.h"
#include "core/runtime.h"

#ifdef _WIN32
#include <process.h>
#define getpid _getpid
#else
#include <unistd.h>
#endif

namespace ovembed {
namespace {

namespace fs = std::filesystem;

constexpr char kMagic[8] = {'O', 'V', 'E', 'M', 'B', 'L', 'O', 'B'};
constexpr uint32_t kVersion = 2;

// Little-endian, as all platforms that OpenVINO runs on.
struct Trailer {
    char magic[8];
    uint32_t version;
    uint32_t trailer_crc;  // over this trailer with trailer_crc = 0
    uint32_t payload_crc;
    uint32_t quantization;
    uint64_t payload_size;
    uint64_t max_positions;
    uint64_t vocabulary;
    uint64_t activation_group;
    uint64_t padding;
};
static_assert(sizeof(Trailer) == 64, "the trailer's layout is part of the file format");

uint32_t crc_of(Trailer trailer) {
    trailer.trailer_crc = 0;
    return ovt_crc32(reinterpret_cast<const uint8_t*>(&trailer), sizeof trailer);
}

[[noreturn]] void damaged(const std::string& file, const std::string& what) {
    throw Error(ErrorCode::ModelInvalid, "The compiled model " + file + " is damaged: " + what + ".");
}

Trailer checked_trailer(const MappedFile& file) {
    Trailer trailer;
    if (file.size() < sizeof trailer) damaged(file.path(), "it is cut short");
    const size_t payload_size = file.size() - sizeof trailer;
    std::memcpy(&trailer, file.data() + payload_size, sizeof trailer);
    if (std::memcmp(trailer.magic, kMagic, sizeof kMagic) != 0) damaged(file.path(), "it has no ovembed trailer");
    if (trailer.version != kVersion) damaged(file.path(), "it is of another version");
    if (trailer.trailer_crc != crc_of(trailer)) damaged(file.path(), "its trailer's checksum is wrong");
    if (trailer.payload_size != payload_size) damaged(file.path(), "its length is wrong");
    if (trailer.payload_crc != ovt_crc32(file.data(), payload_size)) damaged(file.path(), "its checksum is wrong");
    return trailer;
}

Trailer trailer_for(const fs::path& payload_file, const CompiledModel& compiled) {
    const MappedFile payload(payload_file.u8string());
    Trailer trailer{};
    std::memcpy(trailer.magic, kMagic, sizeof kMagic);
    trailer.version = kVersion;
    trailer.payload_crc = ovt_crc32(payload.data(), payload.size());
    trailer.payload_size = payload.size();
    trailer.max_positions = compiled.max_positions;
    trailer.vocabulary = compiled.vocabulary;
    trailer.activation_group = compiled.activation_group;
    trailer.quantization = static_cast<uint32_t>(compiled.quantization);
    trailer.trailer_crc = crc_of(trailer);
    return trailer;
}

std::ofstream open_for_writing(const fs::path& path, std::ios::openmode mode) {
    std::ofstream out(path, std::ios::binary | mode);
    out.exceptions(std::ios::badbit | std::ios::failbit);
    return out;
}

void write_blob(const fs::path& path, CompiledModel& compiled) {
    std::ofstream payload = open_for_writing(path, std::ios::trunc);
    compiled.model.export_model(payload);
    payload.close();

    const Trailer trailer = trailer_for(path, compiled);
    std::ofstream end = open_for_writing(path, std::ios::app);
    end.write(reinterpret_cast<const char*>(&trailer), sizeof trailer);
    end.close();
}

fs::path temporary_name(const fs::path& path) {
    static std::atomic<unsigned> counter{0};
    fs::path name = path;
    name += "." + std::to_string(getpid()) + "-" + std::to_string(counter++) + ".tmp";
    return name;
}

}  // namespace

std::optional<CompiledModel> import_blob(const std::string& file, const std::string& device,
                                         const PropertiesFor& properties) {
    std::error_code unreadable;  // then mapping it says what is wrong
    if (!fs::exists(fs::u8path(file), unreadable) && !unreadable) return std::nullopt;
    const auto pages = std::make_shared<MappedFile>(file);
    const Trailer trailer = checked_trailer(*pages);
    const ov::Tensor payload(ov::element::u8, ov::Shape{trailer.payload_size}, const_cast<uint8_t*>(pages->data()));
    try {
        const faults::Passage passage(faults::Stage::Import, nullptr, device);
        return CompiledModel{{pages},
                             runtime().import_model(payload, device, properties(trailer.activation_group)),
                             trailer.max_positions,
                             trailer.vocabulary,
                             static_cast<quantization::Stored>(trailer.quantization),
                             trailer.activation_group};
    } catch (...) {
        throw current_error(ErrorCode::ModelInvalid, device + " refuses the compiled model " + file + ".");
    }
}

void export_blob(const std::string& file, CompiledModel& compiled) {
    const fs::path path = fs::u8path(file);
    const fs::path temporary = temporary_name(path);
    std::error_code ignored;
    try {
        const faults::Passage passage(faults::Stage::Export);
        fs::create_directories(path.parent_path());
        write_blob(temporary, compiled);
        check_unchanged(compiled.pages);
        fs::rename(temporary, path);
    } catch (...) {
        const Error error =
            current_error(ErrorCode::ModelInvalid, "The compiled model could not be kept in " + file + ".");
        fs::remove(temporary, ignored);
        throw error;
    }
}

}  // namespace ovembed
