/** Configurations of nginx: the model that answers whole calls, and the baseline that proxies. */

/** About what a short chat answer of vLLM is: 1 KB. */
const WHOLE_ANSWER = JSON.stringify({
  id: "chatcmpl-bench",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "bench",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "word ".repeat(140).trim() },
      finish_reason: "stop",
    },
  ],
  usage: { prompt_tokens: 8, completion_tokens: 140, total_tokens: 148 },
});

/** One process, which is one worker: a master that is killed would leave its worker behind. */
const head = (folder: string) => `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
`;

const paths = (folder: string) => `
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000;
`;

export function modelConfiguration(folder: string, port: number): string {
  return `${head(folder)}
http {${paths(folder)}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      default_type application/json;
      return 200 '${WHOLE_ANSWER}';
    }
  }
}
`;
}

/** Streams go to the second upstream: the same split as in the other subjects. */
export function proxyConfiguration(
  folder: string,
  ports: { listen: number; whole: number; streamed: number },
): string {
  const upstream = (name: string, port: number) =>
    `upstream ${name} { server 127.0.0.1:${port}; keepalive 512; keepalive_requests 1000000; }`;
  return `${head(folder)}
http {${paths(folder)}
  ${upstream("whole", ports.whole)}
  ${upstream("streamed", ports.streamed)}
  server {
    listen 127.0.0.1:${ports.listen} backlog=4096;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_buffering off;
    location /v1/ { proxy_pass http://whole; }
    location /streamed/ { proxy_pass http://streamed/; }
  }
}
`;
}
