package rehearsal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// emulated is what the emulator answers beyond AWS's own API; see emulator/fleet_emulator/fleet_api.py.
type emulated struct{ endpoint string }

// given are credentials of a role.
type given struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
}

// Authorize asks whether a principal may do something.
func (e emulated) Authorize(ctx context.Context, principal, action, resource string, conditions map[string][]string) (bool, string, error) {
	var answer struct {
		Allowed bool   `json:"allowed"`
		Reason  string `json:"reason"`
	}
	question := map[string]any{"principal": principal, "action": action, "resource": resource}
	if conditions != nil {
		question["context"] = conditions
	}
	err := e.call(ctx, http.MethodPost, "authorize", question, &answer)
	return answer.Allowed, answer.Reason, err
}

// Assume gets credentials of a role for a service that it must trust.
func (e emulated) Assume(ctx context.Context, role, service, session string) (given, error) {
	var answer given
	err := e.call(ctx, http.MethodPost, "assume", map[string]string{"roleArn": role, "service": service, "session": session}, &answer)
	return answer, err
}

// PutPipeline says what GetPipelineState is to answer.
func (e emulated) PutPipeline(ctx context.Context, name, account, region string, state any) error {
	return e.call(ctx, http.MethodPut, "pipelines/"+url.PathEscape(name), map[string]any{"account": account, "region": region, "state": state}, nil)
}

// Resources lists the resources of all stacks of all accounts, also those that outlived their stack.
func (e emulated) Resources(ctx context.Context) ([]Resource, error) {
	var answer struct {
		Resources []Resource `json:"resources"`
	}
	err := e.call(ctx, http.MethodGet, "resources", nil, &answer)
	return answer.Resources, err
}

// Permissions tells which actions each role was seen to use.
func (e emulated) Permissions(ctx context.Context) (map[string][]string, error) {
	var answer struct {
		Roles []struct {
			ARN  string   `json:"arn"`
			Used []string `json:"used"`
		} `json:"roles"`
	}
	err := e.call(ctx, http.MethodGet, "permissions", nil, &answer)
	used := map[string][]string{}
	for _, role := range answer.Roles {
		used[role.ARN] = role.Used
	}
	return used, err
}

// call sends one request; a refusal becomes an error with the emulator's own words.
func (e emulated) call(ctx context.Context, method, path string, body, answer any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("ask the emulator: %w", err)
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, e.endpoint+"/_fleet/"+path, content)
	if err != nil {
		return fmt.Errorf("ask the emulator: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the emulator: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read the emulator's answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		var refusal struct {
			Error struct{ Code, Message string } `json:"error"`
		}
		if json.Unmarshal(text, &refusal) == nil && refusal.Error.Code != "" {
			return fmt.Errorf("%s: %s", refusal.Error.Code, refusal.Error.Message)
		}
		return fmt.Errorf("emulator answered %s to %s %s: %.200s", response.Status, method, path, text)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("read the emulator's answer to %s: %w", path, err)
	}
	return nil
}
