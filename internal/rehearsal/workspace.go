package rehearsal

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"accountfleet/internal/assembly"
)

// build is one run of a CodeBuild project: a workspace, a HOME and an environment of its own.
type build struct {
	*codeBuild
	task *task
	role identity // the project's role
	id   string
	src  string // CODEBUILD_SRC_DIR
	home string
}

// run carries the build through CodeBuild's phases and returns its exported variables.
func (b *build) run(ctx context.Context) (map[string]string, error) {
	b.id = b.project.Name + ":" + strings.ToLower(rand.Text())
	b.src, b.home = filepath.Join(b.task.dir, "src"), filepath.Join(b.task.dir, "home")
	if err := b.mayLog(ctx); err != nil {
		return nil, err
	}
	extra, err := b.download(ctx)
	if err != nil {
		return nil, fmt.Errorf("DOWNLOAD_SOURCE: %w", err)
	}
	if err := b.linkCaches(); err != nil {
		return nil, err
	}
	environment, err := b.environment(ctx, extra)
	if err != nil {
		return nil, err
	}
	reached, err := b.reach(ctx)
	if err != nil {
		return nil, err
	}
	maps.Copy(environment, reached)
	lent, done := b.task.session.vault.lend(b.role.config.Credentials)
	defer done()
	for name, value := range lent {
		environment[name] = value
	}
	sh := &shell{interpreter: b.spec.Interpreter(), dir: filepath.Join(b.task.dir, "commands"), output: b.task.log, folder: b.src}
	if err := os.MkdirAll(sh.dir, 0o755); err != nil {
		return nil, fmt.Errorf("prepare the build: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		sh.environment = append(sh.environment, name+"="+environment[name])
	}
	defer func() { _ = sh.stop() }() // its status does not matter any more
	failed := b.phases(ctx, sh)
	if failed != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return b.finish(ctx, sh, failed)
}

// mayLog: CodeBuild writes the log with the project's role.
func (b *build) mayLog(ctx context.Context) error {
	if b.project.LogGroup == "" {
		return nil
	}
	group := strings.Join([]string{"arn:aws:logs", b.task.action.Region, b.task.session.plan.Assembly.Pipeline.Account, "log-group", b.project.LogGroup}, ":")
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		if err := b.task.session.require(ctx, b.role.arn, action, group+":log-stream:"+b.id, nil); err != nil {
			return err
		}
	}
	return nil
}

// download brings the input artifacts, and returns the variables that say where they are.
func (b *build) download(ctx context.Context) (map[string]string, error) {
	places := map[string]string{"CODEBUILD_SRC_DIR": b.src}
	for i, input := range b.task.action.Inputs {
		dir := b.src
		if input != b.primary {
			dir = filepath.Join(b.task.dir, "src"+strconv.Itoa(i))
			places["CODEBUILD_SRC_DIR_"+input] = dir
		}
		var err error
		if s := b.sources[input]; s != nil {
			err = s.fetch(ctx, b.task, b.role, input, dir)
		} else {
			err = b.task.execution.artifacts.get(ctx, b.role, b.task.action.Region, input, dir)
		}
		if err != nil {
			return nil, err
		}
	}
	return places, os.MkdirAll(b.src, 0o755)
}

// environment is everything that the commands see: nothing of this machine's own environment is passed on.
func (b *build) environment(ctx context.Context, places map[string]string) (map[string]string, error) {
	s, region := b.task.session, b.task.action.Region
	temporary := filepath.Join(b.task.dir, "tmp")
	if err := os.MkdirAll(temporary, 0o755); err != nil {
		return nil, fmt.Errorf("prepare the build: %w", err)
	}
	variables := map[string]string{
		"PATH": s.path, "HOME": b.home, "TMPDIR": temporary, "LANG": "C.UTF-8", "CI": "true", "CODEBUILD_CI": "true",
		"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_ENDPOINT_URL": s.endpoint,
		"GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
	}
	declared, err := b.declared(ctx)
	if err != nil {
		return nil, err
	}
	for name, value := range declared {
		variables[name] = value
	}
	for name, value := range places {
		variables[name] = value
	}
	p := s.plan.Assembly.Pipeline
	for name, value := range map[string]string{
		"CODEBUILD_BUILD_ID":                b.id,
		"CODEBUILD_BUILD_ARN":               strings.Join([]string{"arn:aws:codebuild", region, p.Account, "build/" + b.id}, ":"),
		"CODEBUILD_BUILD_IMAGE":             b.project.Image,
		"CODEBUILD_BUILD_NUMBER":            strconv.Itoa(s.executions),
		"CODEBUILD_BUILD_SUCCEEDING":        "1",
		"CODEBUILD_INITIATOR":               "codepipeline/" + p.Name,
		"CODEBUILD_KMS_KEY_ID":              cmp.Or(b.project.EncryptionKey, p.Stores[region].KeyARN),
		"CODEBUILD_LOG_PATH":                strings.TrimPrefix(b.id, b.project.Name+":"),
		"CODEBUILD_RESOLVED_SOURCE_VERSION": b.task.execution.commit,
		"CODEBUILD_SOURCE_VERSION":          b.task.execution.commit,
		"CODEBUILD_START_TIME":              strconv.FormatInt(time.Now().UnixMilli(), 10),
	} {
		variables[name] = value
	}
	return variables, nil
}

// declared are the variables of build specification, project and action; the later win, as in CodeBuild.
func (b *build) declared(ctx context.Context) (map[string]string, error) {
	list := specVariables(b.spec.Env.Variables, "PLAINTEXT")
	list = append(list, specVariables(b.spec.Env.ParameterStore, "PARAMETER_STORE")...)
	list = append(list, specVariables(b.spec.Env.SecretsManager, "SECRETS_MANAGER")...)
	list = append(list, b.project.Environment...)
	added, err := actionEnvironment(b.task.action.Configuration["EnvironmentVariables"])
	if err != nil {
		return nil, err
	}
	chosen := map[string]assembly.Variable{}
	for _, v := range append(list, added...) {
		chosen[v.Name] = v
	}
	values := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(chosen)) {
		if values[name], err = b.value(ctx, chosen[name]); err != nil {
			return nil, fmt.Errorf("variable %s: %w", name, err)
		}
	}
	return values, nil
}

func specVariables(values map[string]string, kind string) []assembly.Variable {
	var list []assembly.Variable
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, assembly.Variable{Name: name, Value: values[name], Type: kind})
	}
	return list
}

// linkCaches makes the cache paths of the build specification outlive the build, below the build's own HOME instead of /root. The tools
// of the fleet are those that are installed here already.
func (b *build) linkCaches() error {
	for _, path := range b.spec.Cache.Paths {
		relative, err := cachePath(path)
		if err != nil {
			return err
		}
		link, target := filepath.Join(b.home, relative), filepath.Join(b.task.session.options.Cache, relative)
		if relative == toolCache {
			link, target = filepath.Join(link, "tools"), b.task.session.options.Tools
		} else if err := os.MkdirAll(target, 0o755); err != nil {
			return fmt.Errorf("prepare cache %s: %w", path, err)
		}
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			return fmt.Errorf("prepare cache %s: %w", path, err)
		}
		if err := os.Symlink(target, link); err != nil && !os.IsExist(err) {
			return fmt.Errorf("prepare cache %s: %w", path, err)
		}
	}
	return os.MkdirAll(b.home, 0o755)
}

// toolCache is the cache path, below HOME, in whose folder tools the fleet keeps its installed tools.
var toolCache = filepath.Join(".cache", "fleet")

// cachePath returns the folder below HOME that a cache path such as /root/.cache/fleet/**/* names.
func cachePath(path string) (string, error) {
	below, ok := strings.CutPrefix(path, "/root/")
	if !ok {
		return "", fmt.Errorf("%s: only paths below /root, CodeBuild's HOME, can be cached", path)
	}
	var folders []string
	for _, part := range strings.Split(below, "/") {
		if strings.ContainsAny(part, "*?[") {
			break
		}
		folders = append(folders, part)
	}
	relative := filepath.Join(folders...)
	if relative == "" || !filepath.IsLocal(relative) {
		return "", fmt.Errorf("%s: name a folder below /root", path)
	}
	return relative, nil
}
