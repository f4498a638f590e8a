package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"banter/runner/scenario"

	"github.com/spf13/cobra"
)

// shard is a part of all scenarios: the index-th, from 1, of total. A total of 0
// is no sharding.
type shard struct {
	index, total int
	by           string // the variables that say so; "": the flag does
}

// parallelJobs are the variables of systems that start a job several times, to
// share its work. One that runs within another stands before it.
var parallelJobs = []struct {
	index, total string
	from         int    // the first index
	status       string // a file is named there that shows, once it is there, that the work is shared
}{
	// https://bazel.build/reference/test-encyclopedia#initial-conditions
	{index: "TEST_SHARD_INDEX", total: "TEST_TOTAL_SHARDS", status: "TEST_SHARD_STATUS_FILE"},
	// https://buildkite.com/docs/pipelines/environment-variables
	{index: "BUILDKITE_PARALLEL_JOB", total: "BUILDKITE_PARALLEL_JOB_COUNT"},
	// https://circleci.com/docs/variables/
	{index: "CIRCLE_NODE_INDEX", total: "CIRCLE_NODE_TOTAL"},
	// https://docs.gitlab.com/ci/variables/predefined_variables/
	{index: "CI_NODE_INDEX", total: "CI_NODE_TOTAL", from: 1},
	// https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode
	// An Indexed Job has no variable for its completions.
	{index: "JOB_COMPLETION_INDEX"},
}

// autoIndex stands for the index that the variables say.
const autoIndex = "auto"

func shardFlag(cmd *cobra.Command, to *shard) {
	cmd.Flags().Var(&value[shard]{to: to, kind: "I/N", parse: parseShard}, "shard",
		"only the I-th of N shares of the scenarios; auto/N: the I that the CI system says")
	complete(cmd, "shard", cobra.NoFileCompletions)
}

func parseShard(s string) (shard, error) {
	i, n, _ := strings.Cut(s, "/")
	total, err := strconv.Atoi(n)
	if err == nil && total > 0 && i == autoIndex {
		return shardOf(os.Getenv, total)
	}
	index, notIndex := strconv.Atoi(i)
	if err != nil || notIndex != nil || index < 1 || index > total {
		return shard{}, errors.New("must be I/N, with I from 1 to N: 1/3, 2/3 and 3/3 together play everything once")
	}
	return shard{index: index, total: total}, nil
}

// shardOf is the shard that the variables of a CI system say: none where there are
// no such variables. A total over 0 takes the place of theirs.
func shardOf(getenv func(string) string, total int) (shard, error) {
	for _, v := range parallelJobs {
		index, of := getenv(v.index), getenv(v.total)
		if index == "" || of == "" && total == 0 {
			continue
		}
		by := fmt.Sprintf("%s=%s", v.index, index)
		if total == 0 {
			by += fmt.Sprintf(" and %s=%s", v.total, of)
		} else {
			of = strconv.Itoa(total)
		}
		i, notIndex := strconv.Atoi(index)
		n, notTotal := strconv.Atoi(of)
		i += 1 - v.from
		if notIndex != nil || notTotal != nil || i < 1 || i > n {
			last := "the total"
			if v.from == 0 {
				last += " less one"
			}
			return shard{}, fmt.Errorf("by %s is none: the index goes from %d to %s", by, v.from, last)
		}
		if status := getenv(v.status); v.status != "" && status != "" {
			if err := touch(status); err != nil {
				return shard{}, fmt.Errorf("by %s: %w", v.status, err)
			}
		}
		return shard{index: i, total: n, by: by}, nil
	}
	if total > 0 {
		return shard{}, errors.New("has no index: no CI system has set one; give it, as in 1/" + strconv.Itoa(total))
	}
	return shard{}, nil
}

func touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	return f.Close()
}

// of returns the shard's share of scenarios: every total-th, so that the shares are
// as even as can be, and neighbours, which often take equally long, are in
// different ones.
func (s shard) of(all []*scenario.Scenario) (share []*scenario.Scenario) {
	if s.total == 0 {
		return all
	}
	for i := s.index - 1; i < len(all); i += s.total {
		share = append(share, all[i])
	}
	return share
}

// share is the shard's share of scenarios. It says what may surprise: that the
// environment has chosen, and that there is nothing left to play.
func (a *app) share(s shard, all []*scenario.Scenario) []*scenario.Scenario {
	share := s.of(all)
	if s.by != "" && s.total > 1 {
		a.errorf("banter run", "shard %d/%d, by %s: %d of %s; --shard 1/1 plays all", s.index, s.total, s.by, len(share), counted(len(all), "scenario"))
	} else if len(share) == 0 {
		a.errorf("banter run", "shard %d/%d has nothing to play: there is no more than %s", s.index, s.total, counted(len(all), "scenario"))
	}
	return share
}
