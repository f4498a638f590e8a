package main

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// value is a flag's value that is checked as soon as it is read. It satisfies
// pflag.Value.
type value[T any] struct {
	to    *T
	kind  string // as the help has it
	parse func(string) (T, error)
	text  string
}

func (v *value[T]) Set(s string) (err error) {
	*v.to, err = v.parse(s)
	v.text = s
	return err
}

func (v *value[T]) String() string { return v.text }
func (v *value[T]) Type() string   { return v.kind }

// positive is a whole number from 1 on.
func positive(to *int, kind string) pflag.Value {
	return &value[int]{to: to, kind: kind, parse: func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return 0, errors.New("must be a whole number, 1 or more")
		}
		return n, nil
	}}
}

// length is a length of time.
func length(to *time.Duration, kind string) pflag.Value {
	return &value[time.Duration]{to: to, kind: kind, parse: func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d <= 0 {
			return 0, errors.New(`must be a length of time, as in "500ms" or "3s"`)
		}
		return d, nil
	}}
}

// factor is a number that something is multiplied by.
func factor(to *float64, kind string) pflag.Value {
	return &value[float64]{to: to, kind: kind, parse: func(s string) (float64, error) {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || f <= 0 || math.IsInf(f, 0) || math.IsNaN(f) {
			return 0, errors.New(`must be a number over 0, as in "2" or "1.5"`)
		}
		return f, nil
	}}
}

// regex is a regular expression.
func regex(to **regexp.Regexp, kind string) pflag.Value {
	return &value[*regexp.Regexp]{to: to, kind: kind, parse: func(s string) (*regexp.Regexp, error) {
		re, err := regexp.Compile(s)
		var se *syntax.Error
		if errors.As(err, &se) {
			return nil, fmt.Errorf("is no regular expression: %s: %s", se.Code, se.Expr)
		}
		return re, err
	}}
}

// choice is one of some words.
func choice(to *string, words ...string) pflag.Value {
	v := &value[string]{to: to, kind: strings.Join(words, "|"), text: words[0]}
	v.parse = func(s string) (string, error) {
		for _, w := range words {
			if s == w {
				return s, nil
			}
		}
		return "", fmt.Errorf("must be one of %s", strings.Join(words, ", "))
	}
	*to = words[0]
	return v
}

// words is a flag that can be given again, a word each time.
func words(to *[]string, kind string) pflag.Value {
	return &value[[]string]{to: to, kind: kind, parse: func(s string) ([]string, error) {
		if s == "" {
			return nil, errors.New("must not be empty")
		}
		return append(*to, s), nil
	}}
}

// flagError says what is wrong with a flag, and what would be right.
func flagError(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("see %q", cmd.CommandPath()+" --help")
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			return fmt.Errorf("no flag -%s; %s", name, hint)
		}
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if like := nearest(name, names); like != "" {
			return fmt.Errorf("no flag --%s; did you mean --%s?", name, like)
		}
		return fmt.Errorf("no flag --%s; %s", name, hint)
	case errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "bool":
		return fmt.Errorf("--%s takes no value, and there is %q", invalid.GetFlag().Name, invalid.GetValue())
	case errors.As(err, &invalid):
		return fmt.Errorf("--%s %q %w", invalid.GetFlag().Name, invalid.GetValue(), errors.Unwrap(invalid))
	}
	return fmt.Errorf("%w; %s", err, hint)
}
