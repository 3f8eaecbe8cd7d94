package assembly

// branch evaluates Fn::If.
func (t *template) branch(path string, argument any) any {
	list, ok := argument.([]any)
	if !ok || len(list) != 3 {
		return t.problem(path, "Fn::If wants a condition and two values, got %s", describe(argument))
	}
	name, ok := list[0].(string)
	if !ok {
		return t.problem(path, "Fn::If wants the name of a condition, got %s", describe(list[0]))
	}
	if t.condition(path, name) {
		return t.resolve(path, list[1])
	}
	return t.resolve(path, list[2])
}

// condition evaluates a named condition; one that is not understood counts as false, its problem is recorded.
func (t *template) condition(path, name string) bool {
	expression, ok := t.section("Conditions")[name]
	if !ok {
		t.problem(path, "the template has no condition %s", name)
		return false
	}
	holds := t.guarded(path, "condition "+name, func() any { return t.holds("Conditions."+name, expression) })
	return holds == true
}

// holds evaluates a condition expression.
func (t *template) holds(path string, expression any) bool {
	node, _ := expression.(map[string]any)
	if name, ok := node["Condition"].(string); ok && len(node) == 1 {
		return t.condition(path, name)
	}
	name, argument, ok := intrinsic(node)
	list, isList := argument.([]any)
	if !ok || !isList {
		t.problem(path, "want a condition function with a list, got %s", describe(expression))
		return false
	}
	switch name {
	case "Fn::Equals":
		return len(list) == 2 && t.text(path, t.resolve(path, list[0])) == t.text(path, t.resolve(path, list[1]))
	case "Fn::Not":
		return len(list) == 1 && !t.holds(path, list[0])
	case "Fn::And":
		for _, item := range list {
			if !t.holds(path, item) {
				return false
			}
		}
		return true
	case "Fn::Or":
		for _, item := range list {
			if t.holds(path, item) {
				return true
			}
		}
		return false
	}
	t.problem(path, "%s is not understood in a condition: use Equals, And, Or, Not or Condition", name)
	return false
}
