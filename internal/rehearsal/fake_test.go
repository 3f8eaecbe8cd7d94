package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"accountfleet/internal/assembly"
)

// fakeAWS answers the few calls that the rehearsal makes, and remembers who made them: an access key here is "<role>".
type fakeAWS struct {
	*httptest.Server
	mu       sync.Mutex
	denied   map[string]bool   // "<role name> <action>"
	calls    []string          // "<role name> <call>"
	objects  map[string][]byte // bucket/key
	pipeline json.RawMessage
	hosted   string // "<account> <region> <path> <folder>" of the repository
	started  string // execution that somebody started by StartPipelineExecution
	forever  bool   // and goes on starting
	told     map[string]bool
	disabled bool     // every rule is
	events   []string // states of events that CodePipeline sent
	stack    fakeStack
}

// fakeStack is the one CloudFormation stack.
type fakeStack struct {
	status, reason string // "" : does not exist
	change         string // status of the change set, "" : none
	changeReason   string
	next           string // status after the next operation
	template       string
	parameters     string
}

func newFakeAWS(t *testing.T) *fakeAWS {
	t.Helper()
	f := &fakeAWS{denied: map[string]bool{}, objects: map[string][]byte{}, told: map[string]bool{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeAWS) deny(role, action string) { f.denied[role+" "+action] = true }

func (f *fakeAWS) called() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string{}, f.calls...)
}

func (f *fakeAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	path := strings.TrimPrefix(r.URL.Path, "/")
	switch target := r.Header.Get("X-Amz-Target"); {
	case strings.HasPrefix(path, "_fleet/"):
		f.fleet(w, strings.TrimPrefix(path, "_fleet/"), body)
	case target != "":
		f.json(w, r, target[strings.LastIndex(target, ".")+1:], body)
	case path == "":
		values, _ := url.ParseQuery(string(body))
		f.query(w, caller(r), values)
	default:
		f.s3(w, r, path, body)
	}
}

// caller is the role whose name stands in the access key.
func caller(r *http.Request) string {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(rest, "/")
	return key
}

func name(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

func (f *fakeAWS) fleet(w http.ResponseWriter, path string, body []byte) {
	var q struct {
		Principal, Action, Resource, RoleArn, Service string
		Account, Region, Folder                       string
		State                                         json.RawMessage
		Event                                         struct {
			Detail struct{ State string }
		}
	}
	_ = json.Unmarshal(body, &q)
	switch path {
	case "authorize":
		f.calls = append(f.calls, name(q.Principal)+" "+q.Action)
		ok := !f.denied[name(q.Principal)+" "+q.Action]
		fmt.Fprintf(w, `{"allowed": %v, "reason": "no policy allows it"}`, ok)
	case "assume":
		if f.denied[name(q.RoleArn)+" "+q.Service] {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error": {"code": "AccessDenied", "message": "the role does not trust it"}}`)
			return
		}
		fmt.Fprintf(w, `{"AccessKeyId": %q, "SecretAccessKey": "s", "SessionToken": "t"}`, name(q.RoleArn))
	case "events":
		f.events = append(f.events, q.Event.Detail.State)
		lost := f.denied["events "+q.Event.Detail.State]
		fmt.Fprintf(w, `{"deliveries": [{"rule": "people", "target": "arn:aws:sns:r:1:t", "delivered": %v, "reason": "no statement allows it"}]}`, !lost)
	case "resources":
		fmt.Fprint(w, `{"resources": [{"level": "emulated", "type": "AWS::S3::Bucket"}, {"level": "modelled", "type": "AWS::Budgets::Budget"}]}`)
	case "permissions":
		fmt.Fprint(w, `{"roles": [{"arn": "arn:aws:iam::111111111111:role/pipeline", "used": ["s3:GetObject"]}]}`)
	default:
		if _, id, ok := strings.Cut(path, "/executions/"); ok {
			f.told[id] = true
		} else if strings.HasPrefix(path, "repositories/") {
			f.hosted = strings.Join([]string{q.Account, q.Region, path, q.Folder}, " ")
		} else {
			f.pipeline = q.State
		}
		fmt.Fprint(w, `{}`)
	}
}

func (f *fakeAWS) s3(w http.ResponseWriter, r *http.Request, path string, body []byte) {
	verb := map[string]string{http.MethodPut: "s3:PutObject", http.MethodGet: "s3:GetObject"}[r.Method]
	f.calls = append(f.calls, caller(r)+" "+verb)
	object, ok := f.objects[path]
	switch {
	case f.denied[caller(r)+" "+verb]:
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`)
	case r.Method == http.MethodPut:
		f.objects[path] = unchunk(r, body)
	case !ok:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `<Error><Code>NoSuchKey</Code><Message>none</Message></Error>`)
	default:
		_, _ = w.Write(object)
	}
}

// unchunk takes the SDK's chunks with trailing checksum apart.
func unchunk(r *http.Request, body []byte) []byte {
	if !strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked") {
		return body
	}
	var out []byte
	for rest := string(body); ; {
		head, tail, _ := strings.Cut(rest, "\r\n")
		var size int
		if _, err := fmt.Sscanf(head, "%x", &size); err != nil || size == 0 {
			return out
		}
		out = append(out, tail[:size]...)
		rest = tail[size+2:]
	}
}

// json answers CodePipeline's approval calls.
func (f *fakeAWS) json(w http.ResponseWriter, r *http.Request, operation string, body []byte) {
	f.calls = append(f.calls, caller(r)+" "+operation)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch operation {
	case "GetParameters":
		fmt.Fprint(w, `{"Parameters": [{"Name": "/p", "Value": "from the parameter store"}]}`)
	case "GetSecretValue":
		fmt.Fprint(w, `{"SecretString": "{\"key\": \"from the secret\"}"}`)
	case "ListPipelineExecutions":
		list := ""
		if f.started != "" && (f.forever || !f.told[f.started]) {
			list = `{"pipelineExecutionId": "` + f.started + `", "status": "InProgress"}`
		}
		fmt.Fprint(w, `{"pipelineExecutionSummaries": [`+list+`]}`)
	case "PutEvents":
		fmt.Fprint(w, `{"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}`)
	case "DescribeRule":
		fmt.Fprintf(w, `{"State": %q}`, map[bool]string{true: "DISABLED", false: "ENABLED"}[f.disabled])
	case "GetPipelineState":
		_, _ = w.Write(f.pipeline)
	case "PutApprovalResult":
		var q struct {
			StageName, ActionName, Token string
			Result                       struct{ Status, Summary string }
		}
		_ = json.Unmarshal(body, &q)
		var state pipelineState
		_ = json.Unmarshal(f.pipeline, &state)
		for i, stage := range state.Stages {
			for j, action := range stage.Actions {
				if latest := state.Stages[i].Actions[j].Latest; stage.Name == q.StageName && action.Name == q.ActionName && latest.Token == q.Token {
					latest.Status = map[string]string{"Approved": "Succeeded", "Rejected": "Failed"}[q.Result.Status]
					latest.By, latest.Summary = caller(r), q.Result.Summary
				}
			}
		}
		f.pipeline, _ = json.Marshal(state)
		fmt.Fprint(w, `{}`)
	}
}

// query answers STS, IAM and CloudFormation.
func (f *fakeAWS) query(w http.ResponseWriter, who string, v url.Values) {
	action := v.Get("Action")
	f.calls = append(f.calls, who+" "+action)
	if f.denied[who+" "+action] {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>denied</Message></Error></ErrorResponse>`)
		return
	}
	result := ""
	switch action {
	case "AssumeRole":
		result = `<Credentials><AccessKeyId>` + name(v.Get("RoleArn")) + `</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>`
	case "CreateRole", "PutRolePolicy":
	default:
		var code string
		if result, code = f.stack.answer(action, v); code != "" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, code, result)
			return
		}
	}
	fmt.Fprintf(w, `<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>`, action, result)
}

func (s *fakeStack) answer(action string, v url.Values) (result, code string) {
	switch action {
	case "DescribeStacks":
		if s.status == "" {
			return "Stack with id x does not exist", "ValidationError"
		}
		return `<Stacks><member><StackId>id</StackId><StackName>x</StackName><StackStatus>` + s.status + `</StackStatus><StackStatusReason>` + s.reason +
			`</StackStatusReason><Outputs><member><OutputKey>PortfolioId</OutputKey><OutputValue>port-1</OutputValue></member></Outputs></member></Stacks>`, ""
	case "CreateStack", "UpdateStack":
		s.template, s.parameters = v.Get("TemplateBody")+v.Get("TemplateURL"), v.Get("Parameters.member.1.ParameterKey")+"="+v.Get("Parameters.member.1.ParameterValue")
		if action == "UpdateStack" && s.next == "" {
			return "No updates are to be performed.", "ValidationError"
		}
		s.status = s.next
	case "CreateChangeSet":
		if s.status == "" {
			s.status = "REVIEW_IN_PROGRESS"
		}
		s.change = "CREATE_COMPLETE"
		if s.changeReason != "" {
			s.change = "FAILED"
		}
	case "DeleteChangeSet":
		s.change = ""
	case "DescribeChangeSet":
		if s.change == "" {
			return "ChangeSet [x] does not exist", "ChangeSetNotFound"
		}
		return `<Status>` + s.change + `</Status><StatusReason>` + s.changeReason + `</StatusReason><Changes><member/></Changes>`, ""
	case "ExecuteChangeSet":
		s.status = s.next
	case "DescribeStackEvents":
		return `<StackEvents><member><ResourceStatus>UPDATE_FAILED</ResourceStatus><LogicalResourceId>Bucket</LogicalResourceId>` +
			`<ResourceStatusReason>the name is taken</ResourceStatusReason></member>` +
			`<member><ResourceStatus>UPDATE_IN_PROGRESS</ResourceStatus><ResourceStatusReason>User Initiated</ResourceStatusReason></member></StackEvents>`, ""
	}
	return "", ""
}

// newTestSession is a session on the fake, with the pipeline installed already.
func newTestSession(t *testing.T, aws *fakeAWS, a *assembly.Assembly, o Options) *Session {
	t.Helper()
	o.Project = t.TempDir()
	o.Runs = filepath.Join(o.Project, "runs")
	o.Programs = Programs{CDK: []string{"false"}, Python: "python3"}
	o.Start = func(context.Context, io.Writer) (string, func(context.Context) error, error) {
		return aws.URL, func(context.Context) error { return nil }, nil
	}
	s, err := prepare(o)
	require.NoError(t, err)
	require.NoError(t, s.programs())
	require.NoError(t, s.startEmulator(t.Context()))
	plan, err := NewPlan(a)
	require.NoError(t, err)
	s.plan, s.state = plan, newState(s, a.Pipeline)
	require.NoError(t, s.openServices(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.Close(context.Background())) })
	return s
}

// pipeline makes an assembly with a source stage and the given stages after it.
func pipeline(stages ...assembly.Stage) *assembly.Assembly {
	source := assembly.Stage{Name: "Source", Actions: []assembly.Action{{
		Name: "Source", Category: "Source", Owner: "AWS", Provider: "CodeCommit", RunOrder: 1, Region: "eu-west-1", Namespace: "Source",
		RoleARN: arn("source-action"), Outputs: []string{"Source"},
		Configuration: map[string]string{"RepositoryName": "catalog", "BranchName": "main", "PollForSourceChanges": "false",
			"OutputArtifactFormat": "CODEBUILD_CLONE_REF"},
	}}}
	return &assembly.Assembly{
		Pipeline: &assembly.Pipeline{
			Name: "pipeline", ARN: "arn:aws:codepipeline:eu-west-1:111111111111:pipeline", Account: "111111111111", Region: "eu-west-1",
			RoleARN: arn("pipeline"), Stores: map[string]assembly.Store{"eu-west-1": {Bucket: "store", KeyARN: "arn:aws:kms:eu-west-1:111111111111:key/k"}},
			Stages: append([]assembly.Stage{source}, stages...),
		},
		Projects: map[string]assembly.Project{},
		Triggers: []assembly.Trigger{{Name: "push", RoleARN: arn("trigger"), Pattern: map[string]any{
			"source": []any{"aws.codecommit"},
			"detail": map[string]any{"referenceType": []any{"branch"}, "referenceName": []any{"main"}}}}},
		Repository: &assembly.Repository{Name: "catalog", ARN: "arn:aws:codecommit:eu-west-1:111111111111:catalog", Account: "111111111111", Region: "eu-west-1"},
		Reviewers:  arn("reviewer"), Approvers: []string{"arn:aws:iam::111111111111:role/*"}, Engineers: arn("engineer"),
		Roles: []assembly.Role{{ARN: arn("pipeline"), Actions: []string{"s3:Get*", "sts:AssumeRole"}}},
	}
}

func arn(role string) string { return "arn:aws:iam::111111111111:role/" + role }

// withBuild adds a project and returns the action that runs it.
func withBuild(a *assembly.Assembly, action assembly.Action, spec string, environment ...assembly.Variable) assembly.Action {
	action.Category, action.Owner, action.Provider, action.Region = "Build", "AWS", "CodeBuild", "eu-west-1"
	if action.RunOrder == 0 {
		action.RunOrder = 1
	}
	if len(action.Inputs) == 0 {
		action.Inputs = []string{"Source"}
	}
	action.RoleARN = arn("start-" + action.Name)
	if action.Configuration == nil {
		action.Configuration = map[string]string{}
	}
	action.Configuration["ProjectName"] = "p-" + action.Name
	a.Projects["p-"+action.Name] = assembly.Project{
		Name: "p-" + action.Name, ARN: "arn:aws:codebuild:eu-west-1:111111111111:project/p-" + action.Name, RoleARN: arn("build-" + action.Name),
		Buildspec: spec, Environment: environment, TimeoutMinutes: 5, LogGroup: "/logs",
	}
	return action
}

// catalogDir makes a folder with files.
func catalogDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, body := range files {
		full := filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(body), 0o644))
	}
	return dir
}
