/** @type {import('next').NextConfig} */
export default {
  // A native addon cannot be bundled: the package is loaded from node_modules at run time.
  serverExternalPackages: ['ovembed'],
};
