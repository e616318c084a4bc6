// The official library on the other side of the storage tests: blob_peer.mjs LIBRARY. A line of standard input is a JSON array
// [URL, CREDENTIAL, COMMAND, ARGUMENT...], a line of the answer [worked, text].
// CREDENTIAL: the account's key, or "-" for a URL that carries a signature.
import { createRequire } from "node:module";
import path from "node:path";
import readline from "node:readline";

const require = createRequire(path.resolve(process.argv[2], "package.json"));
const blob = require("@azure/storage-blob");

const commands = {
  async upload(url, credential, name, file) {
    const client = new blob.ContainerClient(url, credential).getBlockBlobClient(name);
    await client.uploadFile(file, { blockSize: 1 << 20, maxSingleShotSize: 1 << 20 });
  },
  async download(url, credential, name, file) {
    const client = name === "" ? new blob.BlobClient(url, credential) : new blob.ContainerClient(url, credential).getBlobClient(name);
    await client.downloadToFile(file);
  },
  async list(url, credential) {
    const names = [];
    for await (const item of new blob.ContainerClient(url, credential).listBlobsFlat()) names.push(item.name);
    return names.join(" ");
  },
  async write(url, credential, text) { await new blob.BlockBlobClient(url, credential).upload(text, text.length); },
  async sas(url, credential, permissions, seconds) {
    const container = new blob.ContainerClient(url, credential);
    const expiresOn = new Date(Date.now() + 1000 * Number(seconds));
    return container.generateSasUrl({ permissions: blob.ContainerSASPermissions.parse(permissions), expiresOn });
  },
};
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [url, key, command, ...rest] = JSON.parse(line);
  const credential = key === "-" ? undefined : new blob.StorageSharedKeyCredential("devstoreaccount1", key);
  try {
    console.log(JSON.stringify([true, (await commands[command](url, credential, ...rest)) ?? ""]));
  } catch (error) {
    console.log(JSON.stringify([false, error.code ?? error.message]));
  }
}
