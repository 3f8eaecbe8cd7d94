package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Client asks the emulator what AWS has no call for.
type Client struct {
	endpoint string
	http     *http.Client
}

// NewClient speaks with the emulator at endpoint.
func NewClient(endpoint string) *Client {
	return &Client{endpoint: endpoint, http: &http.Client{Timeout: time.Minute}}
}

// Refusal is an answer other than success: AccessDenied (403), EmulatorCannotDecide (501), BadRequest (400), NotFound (404),
// Conflict (409).
type Refusal struct {
	Status  int
	Code    string
	Message string
}

func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

// Question is one thing that a principal wants to do.
type Question struct {
	Principal string              `json:"principal"` // ARN of a role or user
	Action    string              `json:"action"`    // for example codecommit:GitPush
	Resource  string              `json:"resource"`
	Context   map[string][]string `json:"context,omitempty"` // what conditions may ask about, for example codecommit:References
}

// Decision is IAM's answer, and why.
type Decision struct {
	Allowed bool   `json:"allowed"`
	Reason  string `json:"reason"`
}

// Credentials of an assumed role.
type Credentials struct {
	AccessKeyID     string    `json:"AccessKeyId"`
	SecretAccessKey string    `json:"SecretAccessKey"`
	SessionToken    string    `json:"SessionToken"`
	Expiration      time.Time `json:"Expiration"`
}

// Levels of a resource: how far it can be trusted.
const (
	LevelEmulated = "emulated" // a stateful backend holds it
	LevelModelled = "modelled" // checked against its registry schema, nothing behind it
)

// Resource is one resource of a stack, also one that outlived its stack (status DELETE_SKIPPED).
type Resource struct {
	Account    string `json:"account"`
	Region     string `json:"region"`
	Stack      string `json:"stack"`
	StackID    string `json:"stackId"`
	LogicalID  string `json:"logicalId"`
	Type       string `json:"type"`
	PhysicalID string `json:"physicalId"`
	Status     string `json:"status"`
	Level      string `json:"level"`
}

// Filter narrows Resources; empty fields match all.
type Filter struct {
	Account, Region, Stack string // Stack: a name or an id
}

// Organization is one to begin with: ids that are given are kept, others are made up.
type Organization struct {
	ID           string                `json:"id,omitempty"` // o-...; default: made up
	Management   string                `json:"management"`   // management account
	Units        []OrganizationUnit    `json:"units,omitempty"`
	Accounts     []OrganizationAccount `json:"accounts,omitempty"`     // members; the management account may be among them
	AccountQuota int                   `json:"accountQuota,omitempty"` // accounts that it may have; default 100
}

// OrganizationUnit is an organizational unit.
type OrganizationUnit struct {
	ID     string `json:"id,omitempty"` // ou-...; default: made up
	Name   string `json:"name"`
	Parent string `json:"parent,omitempty"` // id of another unit; default ROOT
}

// OrganizationAccount is a member of an organization.
type OrganizationAccount struct {
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`   // default: made from the id
	Email  string `json:"email,omitempty"`  // default: made from the id
	Parent string `json:"parent,omitempty"` // id of a unit; default ROOT
}

// OrganizationIDs are what an organization was made with; units come parents first.
type OrganizationIDs struct {
	ID    string             `json:"id"`
	Root  string             `json:"root"` // r-...
	Units []OrganizationUnit `json:"units"`
}

// Used are the actions that a principal was allowed and made.
type Used struct {
	ARN  string   `json:"arn"`
	Used []string `json:"used"`
}

// Health says whether the emulator answers.
func (c *Client) Health(ctx context.Context) error {
	return c.call(ctx, http.MethodGet, "health", nil, nil)
}

// Authorize asks whether IAM would allow what q says. A policy that the emulator cannot evaluate is a *Refusal, not a denial.
func (c *Client) Authorize(ctx context.Context, q Question) (Decision, error) {
	var d Decision
	return d, c.call(ctx, http.MethodPost, "authorize", q, &d)
}

// Assume gives service credentials of role, if the role's trust policy lets that service have them.
func (c *Client) Assume(ctx context.Context, role, service, session string) (Credentials, error) {
	var got Credentials
	body := map[string]string{"roleArn": role, "service": service, "session": session}
	return got, c.call(ctx, http.MethodPost, "assume", body, &got)
}

// Delivery is what became of an event at one topic.
type Delivery struct {
	Rule      string `json:"rule"`
	Target    string `json:"target"` // ARN of the topic
	Delivered bool   `json:"delivered"`
	Reason    string `json:"reason,omitempty"` // why not
}

// Happened sends an event of an AWS service to an account, and says of each topic that rules name whether it arrived there.
func (c *Client) Happened(ctx context.Context, account, region string, event map[string]any) ([]Delivery, error) {
	var answer struct {
		Deliveries []Delivery `json:"deliveries"`
	}
	body := map[string]any{"account": account, "region": region, "event": event}
	err := c.call(ctx, http.MethodPost, "events", body, &answer)
	return answer.Deliveries, err
}

// Resources lists what stacks made and left behind, with the level of each.
func (c *Client) Resources(ctx context.Context, f Filter) ([]Resource, error) {
	query := url.Values{}
	for key, value := range map[string]string{"account": f.Account, "region": f.Region, "stack": f.Stack} {
		if value != "" {
			query.Set(key, value)
		}
	}
	var answer struct {
		Resources []Resource `json:"resources"`
	}
	err := c.call(ctx, http.MethodGet, "resources?"+query.Encode(), nil, &answer)
	return answer.Resources, err
}

// PutPipeline sets what GetPipelineState answers for a pipeline; state is that answer.
func (c *Client) PutPipeline(ctx context.Context, name, account, region string, state any) error {
	body := map[string]any{"account": account, "region": region, "state": state}
	return c.call(ctx, http.MethodPut, "pipelines/"+url.PathEscape(name), body, nil)
}

// PutExecution tells of an execution of a pipeline; body says what ListPipelineExecutions and ListActionExecutions show of it.
func (c *Client) PutExecution(ctx context.Context, pipeline, id string, body any) error {
	return c.call(ctx, http.MethodPut, "pipelines/"+url.PathEscape(pipeline)+"/executions/"+url.PathEscape(id), body, nil)
}

// HostRepository says that a bare git repository in folder is the content of a CodeCommit repository, which must be there. Whoever deletes
// that one takes the folder away; whoever makes it again brings the folder back, empty, with HEAD, config and hooks.
func (c *Client) HostRepository(ctx context.Context, account, region, name, folder string) error {
	body := map[string]string{"account": account, "region": region, "folder": folder}
	return c.call(ctx, http.MethodPut, "repositories/"+url.PathEscape(name), body, nil)
}

// PutOrganization makes an organization of accounts that are in none; a *Refusal with status 409 says that one of them is.
func (c *Client) PutOrganization(ctx context.Context, o Organization) (OrganizationIDs, error) {
	var got OrganizationIDs
	return got, c.call(ctx, http.MethodPut, "organizations", o, &got)
}

// Permissions lists the actions that each role used.
func (c *Client) Permissions(ctx context.Context) ([]Used, error) {
	var answer struct {
		Roles []Used `json:"roles"`
	}
	err := c.call(ctx, http.MethodGet, "permissions", nil, &answer)
	return answer.Roles, err
}

func (c *Client) call(ctx context.Context, method, path string, body, answer any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("ask the emulator: %w", err)
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.endpoint+"/_fleet/"+path, content)
	if err != nil {
		return fmt.Errorf("ask the emulator: %w", err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("ask the emulator: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read the emulator's answer to %s: %w", path, err)
	}
	if response.StatusCode != http.StatusOK {
		return refusal(response.StatusCode, text)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("read the emulator's answer to %s: %w", path, err)
	}
	return nil
}

func refusal(status int, text []byte) error {
	var answer struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.Error.Code == "" {
		return &Refusal{Status: status, Code: http.StatusText(status), Message: fmt.Sprintf("%.200s", text)}
	}
	return &Refusal{Status: status, Code: answer.Error.Code, Message: answer.Error.Message}
}
