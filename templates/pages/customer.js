// Keeps an open page up to date. Everything on it works without this file as well.

const page = document.body;
const ASK_AGAIN_MS = 30_000;

/** Asks for this page again and puts its content in place, without losing focus, place or open messages. */
async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store' });
  if (!answer.ok) {
    throw new Error(`answered ${answer.status}`);
  }
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const [before, after] = [document.querySelector('main'), fresh.querySelector('main')];
  if (before === null || after === null || !fresh.body.dataset.stamp) {
    return;
  }
  page.dataset.stamp = fresh.body.dataset.stamp;
  document.title = fresh.title;
  if (before.innerHTML === after.innerHTML) {
    return;
  }
  for (const { id } of before.querySelectorAll('details[open]')) {
    after.querySelector(`details[id="${CSS.escape(id)}"]`)?.setAttribute('open', '');
  }
  const focused = before.contains(document.activeElement) ? document.activeElement?.id : null;
  before.replaceWith(document.adoptNode(after));
  if (focused) {
    (document.getElementById(focused) ?? after).focus({ preventScroll: true });
  }
  const live = document.getElementById('live');
  if (live !== null) {
    live.textContent = '';
    const told = after.querySelector('.banner, .problem h2, .badge');
    setTimeout(() => {
      live.textContent = `${page.dataset.updated ?? ''} ${told?.textContent?.trim() ?? ''}`;
    }, 100);
  }
}

let isBusy = false;
let isAskedAgain = false;

/** One at a time, and once more for what changed meanwhile; again later when it failed. */
async function refreshOnce() {
  isAskedAgain = true;
  if (isBusy) {
    return;
  }
  isBusy = true;
  while (isAskedAgain) {
    isAskedAgain = false;
    await refresh().catch(() => setTimeout(() => void refreshOnce(), ASK_AGAIN_MS));
  }
  isBusy = false;
}

function follow(address) {
  const events = new EventSource(address);
  events.onmessage = ({ data }) => {
    if (data !== page.dataset.stamp) {
      void refreshOnce();
    }
  };
  events.onerror = () => {
    // The browser connects anew by itself, unless the server said no: then ask now and then.
    if (events.readyState === EventSource.CLOSED) {
      setInterval(refreshOnce, ASK_AGAIN_MS);
    }
  };
}

if (page.dataset.events) {
  follow(page.dataset.events);
  if (page.dataset.reloadAfterS) {
    // What is under way may end by the clock alone, with nothing to tell of.
    setInterval(refreshOnce, ASK_AGAIN_MS);
  }
} else if (page.dataset.reloadAfterS) {
  setTimeout(() => location.reload(), Number(page.dataset.reloadAfterS) * 1000);
}

for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => print());
}

// A second press would ask for the same again; the first one is on its way.
document.addEventListener('submit', ({ target }) => {
  const button = target.querySelector('button[type="submit"]');
  setTimeout(() => {
    button.disabled = true;
  });
});
// Back from Checkout by the browser's own button: the page may be shown from memory.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) {
    location.reload();
  }
});
