"""Jupyter's own tests of kernels."""

import jupyter_kernel_test
from jupyter_client.manager import start_new_kernel

HTML = r'println!("EVCXR_BEGIN_CONTENT text/html\n<b>b</b>\nEVCXR_END_CONTENT");'
FIGURE = (
    'Model::bundled()?.trace("Books describe Vincent van Gogh as a great")'
    '.subject("Vincent van Gogh").restore(..).tokens(SubjectLast).heatmap()?'
)


class MambascopeTests(jupyter_kernel_test.KernelTests):
    kernel_name = "mambascope"
    language_name = "rust"
    file_extension = ".rs"
    code_hello_world = 'println!("hello, world")'
    code_stderr = 'eprintln!("careful")'
    completion_samples = [
        {"text": "let v = vec![1]; v.is_emp", "matches": {"is_empty()"}},
        {"text": 'let s = String::new(); s.to_ascii_upp', "matches": {"to_ascii_uppercase()"}},
        {"text": "Model::bundled", "matches": {"bundled()"}},
    ]
    complete_code_samples = ["1 + 1", "let x = 1;", "fn f() {\n}", ":vars", "// only this"]
    incomplete_code_samples = ["fn f() {", "let x =", "(1,", '"abc', "/* a"]
    invalid_code_samples = ["fn 3() {}", "f(]", "}"]
    code_generate_error = 'panic!("on purpose")'
    code_execute_result = [
        {"code": "1 + 2", "result": "3"},
        {"code": "vec![1, 2]", "result": "[1, 2]"},
        {"code": "let y = 21; y * 2", "result": "42"},
    ]
    code_display_data = [
        {"code": HTML, "mime": "text/html"},
        {"code": f"notebook::display(&{FIGURE});", "mime": "image/svg+xml"},
    ]
    code_inspect_sample = "Vec::len"
    code_clear_output = "notebook::clear_output(notebook::Old::Goes);"
    supported_history_operations = ("tail", "range")

    @classmethod
    def setUpClass(cls):
        cls.km, cls.kc = start_new_kernel(kernel_name=cls.kernel_name)
        # The suite gives a cell 15 seconds, which is not meant for the engine's start.
        cls.kc.execute_interactive("1", timeout=600)
