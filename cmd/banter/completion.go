package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the script that teaches a shell to complete banter's words",
		Long: `Completion prints a script that teaches a shell to complete banter's commands,
flags and files, and the names, tags, servers and variables in the files that stand
on the line already. SHELL is bash, zsh, fish or powershell.`,
		Example: `  source <(banter completion bash)
  banter completion zsh > "${fpath[1]}/_banter"
  banter completion fish > ~/.config/fish/completions/banter.fish
  banter completion powershell | Out-String | Invoke-Expression`,
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("give one shell: bash, zsh, fish or powershell")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return writeCompletion(cmd.Root(), a.stdout, args[0]) },
	}
}

// bareBash makes cobra's script do without the package bash-completion, which
// few containers have: the words are those of the line, and bash's own
// completion of files takes the place of the one for certain endings. Expressions
// are its words too: they are no patterns of files, and where several begin alike,
// bash puts that beginning on the line without quoting it.
var bareBash = strings.NewReplacer(
	`    _get_comp_words_by_ref "$@" cur prev words cword
`, `    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref "$@" cur prev words cword
        return
    fi
    local line=${COMP_LINE:0:COMP_POINT}
    read -ra words <<<"$line"
    [[ $line == *[[:blank:]] ]] && words+=("")
    cword=$((${#words[@]} - 1))
    cur=${words[cword]} prev=${words[cword-1]}
`,
	`        $filteringCmd
`, `        declare -F _filedir >/dev/null && $filteringCmd
`,
	`out=$(eval "${requestComp}" 2>/dev/null)`, `out=$(set -f; eval "${requestComp}" 2>/dev/null)`,
	`    if [[ "${completions[*]}" != *$tab* ]]; then
`, `    if [[ "${completions[*]}" != *[$tab\\]* ]]; then
`,
	`        [[ $comp == "$cur"* ]] || continue
`, `        [[ $comp == "$cur"* || $compline == "$cur"* ]] || continue
`)

// exactZsh does the same for zsh, which has patterns of files in more places, and
// which would drop backslashes.
var exactZsh = strings.NewReplacer(
	`out=$(eval ${requestComp} 2>/dev/null)`, `out=$(setopt noglob; eval ${requestComp} 2>/dev/null)`,
	`comp=${comp//:/\\:}
`, `comp=${comp//\\/\\\\}
            comp=${comp//:/\\:}
`)

func writeCompletion(root *cobra.Command, w io.Writer, shell string) error {
	switch shell {
	case "bash":
		var script strings.Builder
		if err := root.GenBashCompletionV2(&script, true); err != nil {
			return err
		}
		_, err := bareBash.WriteString(w, script.String())
		return err
	case "zsh":
		var script strings.Builder
		if err := root.GenZshCompletion(&script); err != nil {
			return err
		}
		_, err := exactZsh.WriteString(w, script.String())
		return err
	case "fish":
		return root.GenFishCompletion(w, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(w)
	}
	return fmt.Errorf("no completion for %q; there is bash, zsh, fish and powershell", shell)
}
