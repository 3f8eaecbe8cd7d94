package resolve

// condition evaluates a named condition once.
func (e *evaluator) condition(name string) Truth {
	if granted, ok := e.in.Conditions[name]; ok {
		e.conditions[name] = truthOf(granted)
	}
	if truth, ok := e.conditions[name]; ok {
		return truth
	}
	body, ok := section(e.doc, "Conditions")[name]
	if !ok {
		e.mistake("condition %q: the template has no such condition", name)
		return Unknown
	}
	if e.busy[name] {
		e.mistake("condition %q refers to itself", name)
		return Unknown
	}
	e.busy[name] = true
	defer delete(e.busy, name)
	truth := e.truth(body)
	e.conditions[name] = truth
	return truth
}

func (e *evaluator) truth(v any) Truth {
	m, _ := v.(map[string]any)
	name, argument, ok := intrinsic(m)
	if !ok {
		switch v {
		case true, "true":
			return True
		case false, "false":
			return False
		}
		return Unknown
	}
	arguments, _ := argument.([]any)
	switch name {
	case "Condition":
		return e.condition(argument.(string))
	case "Fn::Equals":
		return e.equals(arguments)
	case "Fn::Not":
		if len(arguments) == 1 {
			return not(e.truth(arguments[0]))
		}
	case "Fn::And":
		return e.fold(arguments, False, True)
	case "Fn::Or":
		return e.fold(arguments, True, False)
	}
	e.mistake("condition: %s is not a condition function", name)
	return Unknown
}

// fold is And (decisive False) or Or (decisive True): one decisive term settles it, else an unknown one leaves it open.
func (e *evaluator) fold(terms []any, decisive, otherwise Truth) Truth {
	result := otherwise
	for _, term := range terms {
		switch e.truth(term) {
		case decisive:
			return decisive
		case Unknown:
			result = Unknown
		}
	}
	return result
}

func truthOf(b bool) Truth {
	if b {
		return True
	}
	return False
}

func not(t Truth) Truth {
	switch t {
	case True:
		return False
	case False:
		return True
	}
	return Unknown
}

func (e *evaluator) equals(arguments []any) Truth {
	if len(arguments) != 2 {
		e.mistake("Fn::Equals: want two values")
		return Unknown
	}
	a, okA := Text(e.value(arguments[0]))
	b, okB := Text(e.value(arguments[1]))
	switch {
	case !okA || !okB:
		return Unknown
	case a == b:
		return True
	}
	return False
}

func (e *evaluator) truthValue(name string, argument any) any {
	switch e.truth(map[string]any{name: argument}) {
	case True:
		return true
	case False:
		return false
	}
	return Symbol{Text: "${" + name + "}"}
}

// choose is Fn::If; with an open condition it is symbolic and refers to what both branches refer to.
func (e *evaluator) choose(argument any) any {
	a, ok := argument.([]any)
	if !ok || len(a) != 3 {
		e.mistake("Fn::If: want a condition and two values")
		return Symbol{Text: "${Fn::If}"}
	}
	name, _ := a[0].(string)
	switch e.condition(name) {
	case True:
		return e.value(a[1])
	case False:
		return e.value(a[2])
	}
	return Symbol{Text: "${Fn::If " + name + "}", Refs: Refs([]any{e.value(a[1]), e.value(a[2])})}
}

// holds says whether a resource or output with an optional Condition exists; an open condition is a mistake of the scenario.
func (e *evaluator) holds(body map[string]any, what string) bool {
	name, ok := body["Condition"].(string)
	if !ok {
		return true
	}
	truth := e.condition(name)
	if truth == Unknown {
		e.mistake("%s: condition %s depends on a value that is not given: give the parameter a value", what, name)
	}
	return truth != False
}
