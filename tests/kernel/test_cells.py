"""What cells do: outputs in order, failures that are failures, variables that stay."""

import re
import textwrap

import pytest

PLAIN = re.compile("\x1b\\[[0-9;]*m")


def shown(error):
    return PLAIN.sub("", "\n".join(error["traceback"]))


def cell(text):
    return textwrap.dedent(text).strip()


def test_a_panic_fails_the_cell_and_keeps_variables(kernel):
    assert kernel.run("let kept = vec![1, 2, 3];").status == "ok"
    ran = kernel.run("let a = 1;\nlet b = {\n    kept[a + 6]\n};")
    assert ran.status == "error"
    assert ran.error["ename"] == "panic"
    assert "index out of bounds" in ran.error["evalue"]
    assert "cell, line 3" in shown(ran.error) and "3 |     kept[a + 6]" in shown(ran.error)
    assert kernel.run("kept").value == "[1, 2, 3]"


def test_a_failed_question_fails_the_cell_and_keeps_variables(kernel):
    kernel.run("let before = 7;")
    ran = kernel.run('let x: i32 = "1".parse()?;\nlet y: i32 =\n    "no".parse()?;\nprintln!("on");')
    assert ran.status == "error"
    assert ran.error["ename"] == "ParseIntError"
    assert ran.error["evalue"] == "invalid digit found in string"
    assert '3 |     "no".parse()?;' in shown(ran.error)
    assert "mambascope_at" not in shown(ran.error)
    assert ran.text() == "" and ran.text("stderr") == ""
    assert kernel.run("before").value == "7"


def test_a_question_inside_a_macro_fails_the_cell_too(kernel):
    ran = kernel.run('println!("{}", "no".parse::<i32>()?);')
    assert ran.status == "error" and ran.error["evalue"] == "invalid digit found in string"


def test_bail_fails_the_cell(kernel):
    ran = kernel.run('Err(anyhow::anyhow!("inner").context("outer"))?;')
    assert ran.status == "error"
    assert ran.error["ename"] == "anyhow::Error" and ran.error["evalue"] == "outer: inner"


def test_an_error_of_the_library_says_its_help(kernel):
    ran = kernel.run('Model::bundled()?.trace("x").subject("not there").run()?;')
    assert ran.status == "error" and ran.error["ename"] == "mambascope::Error"
    assert "help" in shown(ran.error)


def test_a_failed_question_in_a_let_of_the_library_s_is_marked(kernel):
    kernel.run("let model = Model::bundled()?;")
    ran = kernel.run('let e =\n    model.trace("x y").subject("z").run()?;')
    assert ran.error["ename"] == "mambascope::Error"
    assert "cell, line 2" in shown(ran.error)


def test_what_does_not_compile_is_marked(kernel):
    ran = kernel.run('let a = 1;\nlet b: i32 = "5".to_string();')
    assert ran.status == "error" and ran.error["ename"] == "E0308"
    assert "2 | let b" in shown(ran.error) and "^^^" in shown(ran.error)


def test_what_does_not_compile_around_a_question_is_shown_as_written(kernel):
    ran = kernel.run('let a: i32 = "5".parse()?;\nlet b: bool = a;')
    assert ran.error["ename"] == "E0308"
    assert "mambascope_at" not in shown(ran.error) and "flush" not in shown(ran.error)


def test_several_figures_come_in_order(kernel):
    block = r'println!("EVCXR_BEGIN_CONTENT text/html\n{}\nEVCXR_END_CONTENT", %d);'
    ran = kernel.run(
        "\n".join([block % 1, 'println!("between");', block % 2, block % 3, "print!(\"end\");"])
    )
    kinds = [
        content["data"]["text/html"] if kind == "display_data" else content["text"]
        for kind, content in ran.messages
    ]
    assert kinds == ["1", "between\n", "2", "3", "end"]


def test_content_of_several_types_is_one_output(kernel):
    ran = kernel.run(
        r'println!("EVCXR_BEGIN_CONTENT text/html\n<i>\nEVCXR_END_CONTENT");'
        r'println!("EVCXR_BEGIN_CONTENT text/plain\ni\nEVCXR_END_CONTENT");'
    )
    (display,) = ran.of("display_data")
    assert display["data"] == {"text/html": "<i>", "text/plain": "i"}


def test_messages_by_hand(kernel):
    frames = [
        '{"frame":"display","data":{"text/plain":"1 %"},"metadata":{},"id":"bar"}',
        '{"frame":"update","data":{"text/plain":"2 %"},"metadata":{},"id":"bar"}',
        '{"frame":"clear","wait":true}',
        '{"frame":"result","data":{"application/json":{"a":[1]}},"metadata":{"application/json":{"expanded":true}}}',
    ]
    code = "\n".join(f'print!("half"); println!("\\u{{2}}mambascope:{{}}", r#"{f}"#);' for f in frames)
    ran = kernel.run(code)
    kinds = [kind for kind, _ in ran.messages if kind != "stream"]
    assert kinds == ["display_data", "update_display_data", "clear_output", "execute_result"]
    assert ran.of("display_data")[0]["transient"] == {"display_id": "bar"}
    assert ran.of("clear_output")[0] == {"wait": True}
    assert ran.of("execute_result")[0]["data"]["application/json"] == {"a": [1]}
    assert ran.text() == "half" * 4


def test_text_without_an_end_of_line_belongs_to_its_cell(kernel):
    assert kernel.run('print!("one");').text() == "one"
    assert kernel.run('print!("two"); eprint!("three"); // four').text() == "two"
    assert kernel.run("1").text() == ""


def test_both_outputs_are_complete_at_the_end(kernel):
    for _ in range(5):
        ran = kernel.run('for i in 0..2000 { println!("o{i}"); eprintln!("e{i}"); }')
        assert ran.text().count("\n") == 2000 and ran.text("stderr").count("\n") == 2000
        assert len(ran.messages) < 1500


def test_statics_are_single(kernel):
    pool = "mambascope_facade::candle_core::Device::Cpu; rayon_threads()"
    kernel.run("fn rayon_threads() -> usize { std::fs::read_dir(\"/proc/self/task\").unwrap().count() }")
    heat = 'let _ = Model::bundled()?.trace([1, 2, 3]).subject(1..2).corrupt(Noise::gaussian(0.5)).run()?;'
    kernel.run(heat)
    first = kernel.run("rayon_threads()").value
    for _ in range(3):
        assert kernel.run(heat).status == "ok"
    assert kernel.run("rayon_threads()").value == first, pool


def test_input_is_asked_for(kernel):
    ran = kernel.run(":dep evcxr_input = \"1\"", timeout=600)
    if ran.status != "ok":
        pytest.skip("the registry cannot be reached")
    sent = kernel.send('let name = evcxr_input::get_string("Name? ");', allow_stdin=True)
    question = kernel.client.get_stdin_msg(timeout=120)
    assert question["content"]["prompt"].startswith("Name?")
    kernel.client.input("Ada")
    assert kernel.end(sent).status == "ok"
    assert kernel.run("name").value == '"Ada"'


def test_commands(kernel):
    kernel.run("let answer: u8 = 42;")
    assert ":dep" in kernel.run(":help").value
    assert re.search("^answer: u8$", kernel.run(":vars").value, re.M)
    assert kernel.run(":type answer").value == "answer: u8"
    assert kernel.run(":quit").status == "error"
    assert kernel.run("answer").value == "42"


def test_the_library_needs_no_dep(kernel):
    ran = kernel.run(':dep mambascope = { path = "nowhere" }\n:dep candle-core = "0.11"\nuse mambascope::prelude::*;')
    assert ran.status == "ok" and not ran.messages


def test_a_dep_says_what_it_builds(kernel, tmp_path):
    for name, deps in [("first-of-two", ""), ("second", '[dependencies]\nfirst-of-two = { path = "../first-of-two" }\n')]:
        folder = tmp_path / name / "src"
        folder.mkdir(parents=True)
        (folder / "lib.rs").write_text("pub fn f() -> u8 { 3 }")
        (folder.parent / "Cargo.toml").write_text(
            f'[package]\nname = "{name}"\nversion = "1.0.0"\nedition = "2024"\n{deps}'
        )
    ran = kernel.run(f':dep second = {{ path = "{tmp_path / "second"}" }}\nsecond::f()')
    assert ran.status == "ok", ran.reply
    assert ran.value == "3"
    lines = [c["data"]["text/plain"] for k, c in ran.messages if k.endswith("display_data")]
    assert lines[:2] == ["building first-of-two (1 of 2)", "building second (2 of 2)"]
    assert lines[-1].startswith("built 2 crates in")
    assert kernel.run("Model::bundled()?.layers()").status in ("ok", "error")


def test_clear_forgets_and_keeps_the_library(fresh):
    fresh.run("let gone = 1;")
    assert fresh.run(":clear").status == "ok"
    assert fresh.run("gone").status == "error"
    assert fresh.run("let m = Model::bundled()?;").status == "ok"


def test_the_types_of_variables_are_found(kernel):
    """Of what mambascope, candle and the standard library return, alone and in chains."""
    cells = """
        let trace = model.trace("Books describe Vincent van Gogh as a great").subject("Vincent van Gogh").restore(..);
        let effects = trace.clone().tokens(SubjectLast).run()?;
        let text = effects.to_string();
        let tensor = candle_core::Tensor::zeros((2, 3), candle_core::DType::F32, &candle_core::Device::Cpu)?;
        let (rows, columns) = tensor.dims2()?;
        let values = tensor.to_vec2::<f32>()?;
        let mean = tensor.mean_all()?.to_scalar::<f32>()?;
        let shape = tensor.shape().clone();
        let half = half_of(&tensor)?;
        let sum: f32 = values.iter().flatten().sum();
        let sorted = { let mut all = values.concat(); all.sort_by(f32::total_cmp); all };
        let words = "one two".split(' ').map(str::to_owned).collect::<Vec<_>>();
        let pairs = words.iter().cloned().zip(1..).collect::<std::collections::BTreeMap<String, usize>>();
        let first = pairs.iter().next().map(|(word, number)| (word.clone(), *number));
        let parsed = "0.5".parse::<f64>()?;
        let layer = candle_nn::linear_no_bias(3, 2, candle_nn::VarBuilder::zeros(candle_core::DType::F32, &candle_core::Device::Cpu))?;
        let forward = candle_nn::Module::forward(&layer, &tensor)?;
        let color = plotters::style::RGBColor(1, 2, 3);
        let failed = anyhow::anyhow!("no");
    """
    items = ("let model = Model::bundled()?;", "fn half_of(t: &candle_core::Tensor) -> anyhow::Result<candle_core::Tensor> { Ok((t / 2.)?) }")
    for code in [*items, *cells.strip().splitlines()]:
        ran = kernel.run(code.strip())
        assert ran.status == "ok", (code, ran.error)
    assert kernel.run("(rows, columns, sorted.len(), first, parsed)").value == '(2, 3, 6, Some(("one", 1)), 0.5)'
