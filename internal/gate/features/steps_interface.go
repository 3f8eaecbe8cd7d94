package features

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"accountfleet/internal/gate/resolve"
)

func (s *scenario) declaration(name string) (map[string]any, error) {
	if err := s.needProduct(); err != nil {
		return nil, err
	}
	declared, _ := s.product.Template.Doc["Parameters"].(map[string]any)
	declaration, ok := declared[name].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the template has no parameter %q: it has %s", name, strings.Join(slices.Sorted(maps.Keys(declared)), ", "))
	}
	return declaration, nil
}

func stepDefault(s *scenario, name, want string) error {
	declaration, err := s.declaration(name)
	if err != nil {
		return err
	}
	text, ok := resolve.Text(declaration["Default"])
	switch {
	case !ok:
		return fmt.Errorf("parameter %s has no default", name)
	case text != want:
		return fmt.Errorf("parameter %s has the default %q", name, text)
	}
	return nil
}

func stepAccepts(s *scenario, name, value string) error {
	declaration, err := s.declaration(name)
	if err != nil {
		return err
	}
	if err := resolve.Accepts(declaration, value); err != nil {
		return fmt.Errorf("parameter %s: %v", name, err)
	}
	return nil
}

func stepRefuses(s *scenario, name, value string) error {
	declaration, err := s.declaration(name)
	if err != nil {
		return err
	}
	err = resolve.Accepts(declaration, value)
	switch {
	case err == nil:
		return fmt.Errorf("parameter %s accepts %q: add AllowedValues, AllowedPattern or bounds", name, value)
	case strings.Contains(err.Error(), "cannot be checked here"):
		return fmt.Errorf("parameter %s: %v", name, err)
	}
	return nil
}

func (s *scenario) output(name string) (resolve.Output, error) {
	t, err := s.template()
	if err != nil {
		return resolve.Output{}, err
	}
	out, ok := t.Outputs[name]
	if !ok {
		return out, fmt.Errorf("there is no output %q: there are %s", name, strings.Join(slices.Sorted(maps.Keys(t.Outputs)), ", "))
	}
	return out, nil
}

func stepOutput(s *scenario, name string) error {
	_, err := s.output(name)
	return err
}

func stepOutputEqual(s *scenario, name, want string) error {
	out, err := s.output(name)
	if err != nil {
		return err
	}
	if text, known := resolve.Text(out.Value); !known || text != want {
		return fmt.Errorf("output %s is %s", name, show(out.Value))
	}
	return nil
}

func stepOutputRefers(s *scenario, name, id string) error {
	out, err := s.output(name)
	if err != nil {
		return err
	}
	if _, err := s.resource(id); err != nil {
		return err
	}
	if !slices.Contains(resolve.Refs(out.Value), id) {
		return fmt.Errorf("output %s is %s, which does not refer to %s", name, show(out.Value), id)
	}
	return nil
}
