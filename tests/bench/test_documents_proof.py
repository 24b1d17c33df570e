"""The proof that runs the tests of the catalogue: what fails is told by name, and what never began counts, too."""

from bench.proofs import documents

REPORT = """<testsuites><testsuite>
<testcase name="test_a"/>
<testcase name="test_b"><failure message="no"/></testcase>
<testcase name="test_c"><error message="no"/></testcase>
<testcase name="test_d"><skipped/></testcase>
</testsuite></testsuites>"""


def test_a_report_is_read_by_what_became_of_each_test(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    assert documents._read(report) == documents.Run(1, ["test_b", "test_c"])


def test_tests_that_pass_hold_and_those_that_are_not_there_do_not(monkeypatch):
    monkeypatch.setattr(documents, "STORES", {"SQLite": {}})
    assert [figure.holds for figure in documents.prove(["tests/documents/test_outages.py"])] == [True, True]
    assert not all(figure.holds for figure in documents.prove(["tests/documents/test_nothing.py"]))
