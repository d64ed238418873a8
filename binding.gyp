# Delegates to CMakeLists.txt, so that `node-gyp rebuild` (the source fallback of node-gyp-build) gives the same files.
{
  'targets': [
    {
      'target_name': 'ovembed',
      'type': 'none',
      'actions': [
        {
          'action_name': 'cmake',
          'inputs': ['CMakeLists.txt'],
          'outputs': ['<(PRODUCT_DIR)/ovembed.node'],
          'action': ['node', 'scripts/build.mjs', 'native'],
        },
      ],
    },
  ],
}
