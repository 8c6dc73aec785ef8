(function () {
  "use strict";
  var form = document.getElementById("find");
  var words = document.getElementById("words");
  var count = document.getElementById("count");
  var boxes = Array.from(form.querySelectorAll("input[name=tone]"));
  var items = Array.from(document.querySelectorAll(".item"));
  var lists = Array.from(document.querySelectorAll(".list"));
  var texts = new Map();
  var timer = 0;

  function text(item) {
    if (!texts.has(item)) {
      texts.set(item, item.textContent.toLowerCase().replace(/\s+/g, " "));
    }
    return texts.get(item);
  }

  function filter() {
    var wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    var tones = new Set(boxes.filter(function (box) { return box.checked; }).map(function (box) { return box.value; }));
    var shown = 0;
    items.forEach(function (item) {
      var tone = item.dataset.tone;
      var fits = (!tone || tones.has(tone)) && wanted.every(function (word) { return text(item).includes(word); });
      item.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    lists.forEach(function (list) {
      var none = list.querySelector(".nothing");
      if (none) {
        none.hidden = Boolean(list.querySelector(".item:not([hidden])"));
      }
    });
    count.textContent = shown === items.length ? "" : shown + " of " + items.length + " entries shown";
  }

  function each(open) {
    document.querySelectorAll("details.item").forEach(function (item) { item.open = open; });
  }

  function reveal() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) {
      return;
    }
    target.hidden = false;
    var around = target.closest("details");
    if (around) {
      around.open = true;
    }
    target.scrollIntoView();
  }

  var closed = [];
  window.addEventListener("beforeprint", function () {
    closed = Array.from(document.querySelectorAll("details:not([open])"));
    closed.forEach(function (item) { item.open = true; });
  });
  window.addEventListener("afterprint", function () {
    closed.forEach(function (item) { item.open = false; });
  });
  window.addEventListener("hashchange", reveal);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  words.addEventListener("input", function () {
    clearTimeout(timer);
    timer = setTimeout(filter, 60);
  });
  boxes.forEach(function (box) { box.addEventListener("change", filter); });
  document.getElementById("open").addEventListener("click", function () { each(true); });
  document.getElementById("close").addEventListener("click", function () { each(false); });
  form.hidden = false;
  reveal();
}());
