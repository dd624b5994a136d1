/** Where the page's files are: beside this one, whatever edition of them the server named. */
export const file = (path) => new URL(`../${path}`, import.meta.url).pathname;
