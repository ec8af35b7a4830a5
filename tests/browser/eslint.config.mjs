// What an engine only finds when it comes by: names that nothing defines, and what cannot have been meant.
import globals from "globals";

export default [
  {
    languageOptions: { globals: globals.browser, ecmaVersion: "latest", sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "eqeqeq": "error",
      "no-const-assign": "error",
      "no-dupe-class-members": "error",
      "no-dupe-keys": "error",
      "no-redeclare": "error",
      "no-self-assign": "error",
      "no-undef": "error",
      "no-unreachable": "error",
      "valid-typeof": "error",
    },
  },
];
