"""The comparison finds what it is there to find."""

from compare import differences, same_text


def result(text, **more):
    data = {"text/plain": text, **more}
    return {"output_type": "execute_result", "data": data, "metadata": {}}


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def test_the_same_is_the_same():
    map_ = result("p(painter) clean 1.0000, corrupted 0.1088", **{"image/svg+xml": "<svg/>"})
    assert differences([map_, stream("a\n")], [map_, stream("a\n")]) == []


def test_numbers_may_differ_a_little_and_no_more():
    assert same_text("corrupted 0.1088", "corrupted 0.1089")
    assert not same_text("corrupted 0.1088", "corrupted 0.1188")
    assert not same_text("layer 6", "layer 7"), "counts are exact"
    assert not same_text("p(painter) 0.5", "p(poet) 0.5")


def test_a_wrong_value_is_found():
    assert "expected" in differences([stream("best 0.91")], [stream("best 0.19")])[0]


def test_kinds_and_counts_are_compared():
    map_ = result("map", **{"image/svg+xml": "<svg/>"})
    assert differences([result("map")], [map_]) == ["output 0: is ['text/plain'], expected ['image/svg+xml', 'text/plain']"]
    assert differences([map_], [map_, map_]) == ["1 outputs, expected 2"]
    assert differences([stream("a", "stderr")], [stream("a")])


def test_errors_are_always_wrong():
    error = {"output_type": "error", "ename": "panic", "evalue": "no", "traceback": []}
    assert differences([error], [error]) == ["panic: no"]


def test_progress_is_no_result():
    progress = {"output_type": "display_data", "data": {"text/plain": "trace: 64 cells in 2.1 s"}, "metadata": {"mambascope": "progress"}}
    assert differences([progress, result("1")], [result("1")]) == []


def test_pieces_of_a_stream_are_one():
    assert differences([stream("a\n"), stream("b\n")], [stream("a\nb\n")]) == []
