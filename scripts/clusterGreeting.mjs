// What `npm run cluster` says once all of it runs: where everything is, and what to try.

export function greeting({ redis, nodes, nginx }) {
  const [{ port, pid, isOpenMode }] = nodes
  const token = isOpenMode ? '' : ' -H "Authorization: Bearer $TOKEN"'
  const admin = 'TOKEN=$(npx syncline token --user alice --roles admin)'
  return [
    '',
    `  Three nodes are one Syncline at ${nginx.url} (nginx, process ${nginx.pid})`,
    '',
    ...nodes.map((node) => `  ${node.name}  http://127.0.0.1:${node.port}  process ${node.pid}`),
    `  Redis   ${redis.url}  process ${redis.pid}`,
    '',
    '  Follow through nginx, publish on one node, kill it, and publish again through nginx:',
    ...(isOpenMode ? [] : [`  ${admin}`]),
    `  curl -sN '${nginx.url}/api/sync/stream?since=0'${token}`,
    `  ${publishing(`http://127.0.0.1:${port}`)}${token}`,
    `  kill -9 ${pid}`,
    `  ${publishing(nginx.url)}${token}`,
    '',
    '  Ctrl-C ends all of it.',
    '',
  ].join('\n')
}

function publishing(url) {
  return `curl -s ${url}/api/sync/broadcast -H 'Content-Type: application/json' -d '{"type":"test"}'`
}
