/** `ovembed serve`: its options and help. */
import { type Command, Option } from 'commander';
import type { ServeFlags } from '../commands/serve.js';
import { EXIT_CODE_HELP } from '../exit-codes.js';
import { addCommonOptions, integer, names, positiveInteger, type Run } from './common.js';

const SERVE_HELP = `
Examples:
  ovembed serve                                          all-MiniLM-L6-v2 at http://127.0.0.1:8080
  ovembed serve intfloat/e5-small-v2 --port 3000         another model
  ovembed serve --config server.yaml --print-config      what a file, the environment and flags come to
  ovembed serve --host 0.0.0.0 --api-key-file keys       for other machines
  ovembed serve --daemon                                 one model for all processes of this user
  curl localhost:8080/v1/embeddings -H 'content-type: application/json' -d '{"input":"a text"}'

Environment: OVEMBED_HOST, OVEMBED_PORT, OVEMBED_SOCKET, OVEMBED_API_KEY (several with commas), OVEMBED_API_KEY_FILE,
OVEMBED_OTEL.
Needs the packages fastify, @fastify/swagger, typebox and prom-client; YAML files need yaml.

SIGTERM and Ctrl-C: what was accepted is answered, then it ends; a second one ends it at once.
SIGHUP: the configuration and the file of keys are read again, without dropping a request.

${EXIT_CODE_HELP}
`;

export function addServe(program: Command, run: Run): void {
  const serve = program
    .command('serve')
    .summary('serve models over HTTP: the APIs of OpenAI and of Text Embeddings Inference')
    .description('Serves models over HTTP, by the APIs of OpenAI and of Text Embeddings Inference.')
    .argument('[MODEL]', 'a folder, or a name on the hub (default: that of --model or --config)');
  serve
    .optionsGroup('Server:')
    .option('--config <file>', 'models and all options of the server: .mjs, .js, .ts, .json, .yaml')
    .option('--print-config', 'print what file, environment and flags come to, and end')
    .option('--host <address>', 'where to listen (default: 127.0.0.1); a public one needs keys')
    .option('--port <n>', 'default: 8080; 0: any that is free', integer(0, 65_535))
    .option('--socket <path>', 'a Unix socket in place of host and port')
    .option(
      '--daemon',
      "this user's own socket in place of host and port, where Embedder.load with daemon: 'auto' finds the models; stays in the foreground",
    )
    .option('--api-key-file <file>', 'a key on every line; read again at SIGHUP')
    .option('--insecure', 'listen at a public address without keys')
    .option('--allowed-host <names>', 'Host headers that are answered besides, with commas', names)
    .option('--tls-cert <file>', 'PEM')
    .option('--tls-key <file>', 'PEM')
    .option('--workers <n>', 'processes that share the port, each with its models (default: 1)', positiveInteger)
    .option('--no-pages', 'no status page at / and no documentation at /docs')
    .addOption(
      new Option(
        '--log-level <level>',
        'of a line of JSON on stderr for each request, never with a text (default: info; with --quiet: warn)',
      ).choices(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    )
    .option('--otel', 'spans and metrics to the OpenTelemetry SDK that NODE_OPTIONS=--import=... registers')
    .option('--drain-ms <n>', 'how long requests under way are waited for at the end (default: 30000)', positiveInteger)
    .option('--memory-mb <n>', 'resident memory above which idle models are unloaded', positiveInteger);
  addCommonOptions(serve)
    .addHelpText('after', SERVE_HELP)
    .action((model: string | undefined, flags: ServeFlags) =>
      run(async () => {
        const { importPeers, SERVER_PACKAGES } = await import('../../peers.js');
        const { serve } = await importPeers(() => import('../commands/serve.js'), 'Servers', SERVER_PACKAGES);
        return serve(model, flags);
      }, flags),
    );
}
