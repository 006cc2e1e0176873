// An hour of looks in half a minute: a second lasts as long as eight milliseconds, and answers are the last real ones,
// with another number in each.
{
  const [fetchReally, wait] = [window.fetch.bind(window), window.setTimeout.bind(window)];
  const answers = new Map();
  window.updates = 0;
  window.setTimeout = (call, time, ...rest) => wait(call, time / 120, ...rest);
  window.fetch = async (address, options) => {
    if (!answers.has(address)) answers.set(address, await (await fetchReally(address, options)).text());
    if (String(address).includes("realtime")) window.updates += 1;
    const text = answers.get(address).replace(/"apiCalls":\d+/g, () => `"apiCalls":${window.updates % 977}`);
    return new Response(text, { headers: { ETag: `"${window.updates}"` } });
  };
}
