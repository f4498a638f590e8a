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
flags and files. SHELL is bash, zsh, fish or powershell.`,
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
// completion of files takes the place of the one for certain endings.
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
		return root.GenZshCompletion(w)
	case "fish":
		return root.GenFishCompletion(w, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(w)
	}
	return fmt.Errorf("no completion for %q; there is bash, zsh, fish and powershell", shell)
}
