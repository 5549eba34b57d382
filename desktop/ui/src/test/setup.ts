import "@testing-library/jest-dom/vitest";

// jsdom reads files only through FileReader.
File.prototype.arrayBuffer = function arrayBuffer(this: File) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result as ArrayBuffer);
    reader.onerror = () => fail(reader.error);
    reader.readAsArrayBuffer(this);
  });
};
File.prototype.text = async function text(this: File) {
  return new TextDecoder().decode(await this.arrayBuffer());
};

// jsdom knows <dialog> but not its methods.
HTMLDialogElement.prototype.showModal = function showModal(this: HTMLDialogElement) {
  this.setAttribute("open", "");
  (this.querySelector<HTMLElement>("input, textarea, select, button") ?? this).focus();
};
HTMLDialogElement.prototype.close = function close(this: HTMLDialogElement) {
  this.removeAttribute("open");
};

import { cleanup } from "@testing-library/svelte";
import { afterEach, vi } from "vitest";

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});
