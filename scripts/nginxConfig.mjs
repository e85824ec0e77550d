// examples/nginx.conf for this machine: other addresses, and all its files in one folder. The rest
// stays as it stands there, so that what is tried is what is published.
import { readFileSync } from 'node:fs'

const EXAMPLE = new URL('../examples/nginx.conf', import.meta.url)
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

/** On loopback alone, before nodes on these ports; `folder` takes all that nginx writes. */
export function nginxConfig({ folder, port, nodePorts }) {
  const servers = (_all, rest) =>
    nodePorts.map((nodePort) => `    server 127.0.0.1:${nodePort} ${rest}\n`).join('')
  // Workers that give up root could not enter the folder.
  const user = process.getuid?.() === 0 ? 'user root root;\n' : ''
  const paths = TEMPORARY.map((name) => `  ${name}_temp_path ${folder}/${name};\n`).join('')
  const changes = [
    [/^/, `${user}daemon off;\npid ${folder}/nginx.pid;\n`],
    [/^http \{\n/m, `http {\n  access_log off;\n${paths}`],
    [/(?: *server node\d:5000 (.*)\n)+/, servers],
    [/listen 80;/, `listen 127.0.0.1:${port};`],
  ]
  return changes.reduce(changed, readFileSync(EXAMPLE, 'utf8'))
}

/** Throws where the example is no longer what this was written for. */
function changed(text, [pattern, replacement]) {
  if (!pattern.test(text)) throw new Error(`examples/nginx.conf has no ${pattern}`)
  return text.replace(pattern, replacement)
}
