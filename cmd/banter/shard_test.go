package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"banter/runner/scenario"
)

// Each scenario is in one shard, and shards differ by one at most.
func TestShardsAreEven(t *testing.T) {
	for count := range 20 {
		all := make([]*scenario.Scenario, count)
		for i := range all {
			all[i] = &scenario.Scenario{}
		}
		for total := 1; total <= 25; total++ {
			in := map[*scenario.Scenario]int{}
			for index := 1; index <= total; index++ {
				share := shard{index: index, total: total}.of(all)
				if n := len(share); n < count/total || n > count/total+1 {
					t.Errorf("shard %d/%d of %d has %d", index, total, count, n)
				}
				for _, s := range share {
					in[s]++
				}
			}
			for i, s := range all {
				if in[s] != 1 {
					t.Errorf("scenario %d of %d is in %d of %d shards", i, count, in[s], total)
				}
			}
		}
	}
}

func TestShardOf(t *testing.T) {
	status := filepath.Join(t.TempDir(), "status")
	for _, tt := range []struct {
		env   string
		total int
		want  shard // without by
		err   string
	}{
		{env: ""},
		{env: "TEST_SHARD_INDEX=0 TEST_TOTAL_SHARDS=3 TEST_SHARD_STATUS_FILE=" + status, want: shard{index: 1, total: 3}},
		{env: "BUILDKITE_PARALLEL_JOB=2 BUILDKITE_PARALLEL_JOB_COUNT=3", want: shard{index: 3, total: 3}},
		{env: "CIRCLE_NODE_INDEX=0 CIRCLE_NODE_TOTAL=1", want: shard{index: 1, total: 1}},
		{env: "CI_NODE_INDEX=3 CI_NODE_TOTAL=3", want: shard{index: 3, total: 3}},
		{env: "TEST_SHARD_INDEX=1 TEST_TOTAL_SHARDS=2 CI_NODE_INDEX=3 CI_NODE_TOTAL=3", want: shard{index: 2, total: 2}},
		{env: "CI_NODE_TOTAL=1"}, // GitLab's, of a job that is not parallel
		{env: "JOB_COMPLETION_INDEX=4"},
		{env: "JOB_COMPLETION_INDEX=4", total: 5, want: shard{index: 5, total: 5}},
		{env: "CI_NODE_INDEX=2 CI_NODE_TOTAL=9", total: 3, want: shard{index: 2, total: 3}},
		{env: "JOB_COMPLETION_INDEX=5", total: 5, err: "by JOB_COMPLETION_INDEX=5 is none: the index goes from 0 to the total less one"},
		{env: "CI_NODE_INDEX=0 CI_NODE_TOTAL=3", err: "by CI_NODE_INDEX=0 and CI_NODE_TOTAL=3 is none: the index goes from 1 to the total"},
		{env: "CI_NODE_INDEX=1 CI_NODE_TOTAL=many", err: "by CI_NODE_INDEX=1 and CI_NODE_TOTAL=many is none: "},
		{env: "TEST_SHARD_INDEX=0 TEST_TOTAL_SHARDS=3 TEST_SHARD_STATUS_FILE=" + filepath.Join(status, "x"), err: "by TEST_SHARD_STATUS_FILE: open "},
		{total: 5, err: "has no index: no CI system has set one; give it, as in 1/5"},
	} {
		env := map[string]string{}
		for entry := range strings.FieldsSeq(tt.env) {
			name, value, _ := strings.Cut(entry, "=")
			env[name] = value
		}
		got, err := shardOf(func(name string) string { return env[name] }, tt.total)
		switch {
		case tt.err != "":
			if err == nil || !strings.HasPrefix(err.Error(), tt.err) {
				t.Errorf("%s, %d: error %v, want %s", tt.env, tt.total, err, tt.err)
			}
		case err != nil || got.index != tt.want.index || got.total != tt.want.total:
			t.Errorf("%s, %d: %+v, %v, want %+v", tt.env, tt.total, got, err, tt.want)
		}
	}
	if _, err := os.Stat(status); err != nil {
		t.Errorf("Bazel is not told: %v", err)
	}
}
