/** `vitrine completion`: what a shell needs to complete commands, options and names. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";

type Shell = "bash" | "zsh" | "fish";

/** Each asks `vitrine __complete` with the words so far. */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_vitrine() {
  mapfile -t COMPREPLY < <("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _vitrine vitrine
`,
  zsh: `#compdef vitrine
_vitrine() {
  compadd -- \${(f)"$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)"}
}
compdef _vitrine vitrine
`,
  fish: `complete --command vitrine --arguments '(vitrine __complete (commandline --tokenize --cut-at-cursor --current-process)[2..] (commandline --current-token) 2>/dev/null)'
`,
};

export const completionCommand = buildCommand<Record<never, never>, [Shell], CliContext>({
  func(_flags, shell) {
    this.process.stdout.write(SCRIPTS[shell]);
  },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ brief: "bash, zsh or fish", parse: parseShell, placeholder: "SHELL" }],
    },
  },
  docs: {
    brief: "Print shell completions",
    fullDescription: "For bash, in ~/.bashrc:\n\n  source <(vitrine completion bash)",
  },
});

function parseShell(name: string): Shell {
  if (name === "bash" || name === "zsh" || name === "fish") return name;
  throw new TypeError(`no completions for "${name}": want bash, zsh or fish`);
}
