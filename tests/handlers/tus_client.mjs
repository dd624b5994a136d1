// Uploads a file with tus-js-client, and prints the upload's address as soon as there is one; in the
// end which requests it made, and the medium.
//
//     node tus_client.mjs ENDPOINT TOKEN USER_AGENT FILE
import { createReadStream } from "node:fs";
import { basename } from "node:path";

import { Upload } from "tus-js-client";

const [endpoint, token, agent, path] = process.argv.slice(2);
const requests = [];

const upload = new Upload(createReadStream(path), {
  endpoint,
  headers: { token, "User-Agent": agent },
  metadata: { filename: basename(path), filetype: "application/x-anything" },
  retryDelays: [0, 100, 200, 400, 800, 1600],
  onUploadUrlAvailable: () => {
    // It is told again whenever the upload goes on.
    if (requests.length === 1) console.log(upload.url);
  },
  onAfterResponse: (request, response) => {
    const offset = response.getHeader("Upload-Offset") ?? null;
    requests.push([request.getMethod(), response.getStatus(), Number(offset)]);
  },
  onSuccess: ({ lastResponse }) => {
    console.log(JSON.stringify({ requests, medium: lastResponse.getHeader("X-Media-Id") }));
  },
  onError: (error) => {
    console.error(String(error));
    process.exitCode = 1;
  },
});
upload.start();
