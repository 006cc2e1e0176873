// The API's answers. One that has not changed costs no body, and is the same object as before.

const known = new Map();
// When the API last said something: by its clock, and by this page's own.
let heard;

const request = async (address, headers, signal) => {
  const Authorization = `Bearer ${await token()}`;
  const answer = await fetch(address, { headers: { ...headers, Authorization }, signal, cache: "no-store", credentials: "omit" });
  if (answer.ok || answer.status === 304) return answer;
  const { error } = await answer.json().catch(() => ({}));
  const refusal = new Error(error?.message ?? `The API answered ${answer.status}.`);
  throw Object.assign(refusal, { status: answer.status, request: answer.headers.get("X-Request-Id") });
};

// All pages of an export, put together in the tab: a link could not carry the token.
const download = async (format) => {
  const { granularity, ...span } = range();
  const pages = [];
  try {
    for (let page = query({ format, ...span }); page; ) {
      const answer = await request(`v1/analytics/export?${page}`);
      pages.push(await answer.blob());
      say(`${plural(pages.length, "page")} of the export`);
      // The only link of a page is the one to the next: `<?cursor=…>; rel="next"`.
      page = answer.headers.get("Link")?.split(">")[0].slice(2);
    }
  } catch (cause) {
    return failed("around", cause);
  }
  const link = el("a", { href: URL.createObjectURL(new Blob(pages)), download: `calls.${format}` });
  link.click();
  URL.revokeObjectURL(link.href);
};

const ask = async (route, parameters, signal) => {
  const address = `v1/analytics/${route}?${query(parameters)}`;
  const before = known.get(address);
  const answer = await request(address, before && { "If-None-Match": before.tag }, signal);
  heard = { at: answer.headers.get("Date"), here: performance.now() };
  if (answer.status === 304) return before.body;
  const body = await answer.json();
  if (known.size > 40) known.clear();
  known.set(address, { tag: answer.headers.get("ETag"), body });
  return body;
};
