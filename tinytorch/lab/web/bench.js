// Tries a step of the workbook in real Python (Brython), beside a page that goes on (workbook.js).
importScripts("brython.js"); // PYTHON, arrays.py and more, stands above
let task;
Object.assign(self, {
  whole_number: (name, x) => Math[name](x),
  asked: () => self.__BRYTHON__.structuredclone2pyobj(task),
  goes_on: () => self.postMessage({ goesOn: true }),
  tell: (state, target, line, told) => self.postMessage({ state, target, line, told }),
});
self.onmessage = ({ data }) => {
  task = data;
  try {
    self.run();
  } catch (error) {
    self.postMessage({ state: "error", target: "", line: 0, told: String(error) });
  }
};
self.__BRYTHON__.runPythonSource(PYTHON, "main");
self.postMessage({ ready: true });
