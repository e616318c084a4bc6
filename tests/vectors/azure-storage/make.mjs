// Known answers of Azure Storage's signatures, made by the official client library:
//   node make.mjs LIBRARY > answers.h      LIBRARY: what tests/sdk/run.py --install makes
// The account and its key are Azurite's public ones. The requests are never sent.
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.resolve(process.argv[2], "package.json"));
const blob = require("@azure/storage-blob");
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const credential = new blob.StorageSharedKeyCredential("devstoreaccount1", KEY);
const seen = [];
const httpClient = {
  async sendRequest(request) {
    seen.push(request);
    throw Object.assign(new Error("recorded"), { code: "ABORT" });
  },
};
const options = { httpClient, retryOptions: { maxTries: 1 } };
const service = new blob.BlobServiceClient("https://devstoreaccount1.blob.core.windows.net", credential, options);
const local = new blob.BlobServiceClient("http://127.0.0.1:10000/devstoreaccount1", credential, options);
const record = async (what) => { try { await what; } catch (e) { if (e.message !== "recorded") throw e; } };

const item = service.getContainerClient("data").getBlockBlobClient("jobs/a b+c.sealed");
await record(item.upload("hello", 5, { conditions: { ifNoneMatch: "*" }, blobHTTPHeaders: { blobContentType: "text/plain" } }));
await record(item.stageBlock("MDAwMDAwMDE=", "hello", 5, { transactionalContentMD5: Buffer.from("XUFAKrxLKna5cZ2REBfFkg==", "base64") }));
await record(item.download(3, 4, { conditions: { ifMatch: '"0x8D"' } }));
await record(item.getProperties());
await record(service.getContainerClient("data").listBlobsFlat({ prefix: "jobs/" }).byPage({ maxPageSize: 7 }).next());
await record(local.getContainerClient("data").getBlockBlobClient("x/y").delete({ deleteSnapshots: "include" }));

const text = (s) => JSON.stringify(s);
const out = ["/* Made by make.mjs with @azure/storage-blob " + require("@azure/storage-blob/package.json").version + ". */"];
out.push("static const signed_request signed_requests[] = {");
for (const request of seen) {
  const url = new URL(request.url);
  const headers = Object.entries(request.headers.toJson?.() ?? request.headers.rawHeaders()).map(([name, value]) => [name.toLowerCase(), value]).filter(([name]) => !["authorization", "content-length", "content-type", "user-agent"].includes(name));
  const query = [...url.searchParams].map(([name, value]) => `{${text(name)}, ${text(value)}}`);
  const size = request.body === undefined || request.body === null ? 0 : Buffer.byteLength(request.body);
  out.push(`    {${text(request.method)}, ${text(url.pathname)}, {${query.join(", ") || "{0}"}}, {`);
  out.push(headers.map(([name, value]) => `        {${text(name)}, ${text(value)}}`).join(",\n"));
  const type = request.headers.get("content-type");
  out.push(`    }, ${size}, ${type ? text(type) : "NULL"}, ${text(request.headers.get("authorization"))}},`);
}
out.push("};");

const expiresOn = new Date("2030-01-02T03:04:05Z");
const sas = (values, ...by) => blob.generateBlobSASQueryParameters({ version: "2020-12-06", containerName: "data", expiresOn, ...values }, ...by).toString();
const signature = (query) => new URLSearchParams(query).get("sig");
const read = blob.BlobSASPermissions.parse("r");
const delegation = {
  signedObjectId: "11111111-2222-3333-4444-555555555555", signedTenantId: "66666666-7777-8888-9999-000000000000",
  signedStartsOn: new Date("2030-01-01T00:00:00Z"), signedExpiresOn: new Date("2030-01-03T00:00:00Z"),
  signedService: "b", signedVersion: "2021-12-02", value: KEY,
};
out.push(`static const char blob_sas[] = ${text(signature(sas({ blobName: "jobs/a.sealed", permissions: read, protocol: "https" }, credential)))};`);
out.push(`static const char container_sas[] = ${text(signature(sas({ permissions: blob.ContainerSASPermissions.parse("rl"), startsOn: new Date("2030-01-01T00:00:00Z") }, credential)))};`);
out.push(`static const char delegated_sas[] = ${text(signature(sas({ blobName: "jobs/a.sealed", permissions: blob.BlobSASPermissions.parse("rcw"), protocol: "https" }, delegation, "account")))};`);
console.log(out.join("\n"));
