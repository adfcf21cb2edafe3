"""The fields of the note types, as a learner sees them in Anki's editor.

Rendering fills most of them; `ACCEPTED_ON` is filled when a note is packaged, because it comes
from the ledger.
"""

ID = "编号"
QUESTION = "问题"
KEY_POINTS = "要点"
DETAIL = "详解"
PITFALLS = "易错"
SOURCES = "来源"
ANSWER = "答案"
CONTEXT = "所属题目"
TEXT = "正文"
TITLE = "标题"
CODE = "代码"
OUTPUT = "输出"
EXPLANATION = "解析"
NOTICE = "版本提示"
ACCEPTED_ON = "验证版本"
LINK = "链接"
TOPIC = "专题"
LEVEL = "难度"
NUMBER = "题号"
SPARE_1 = "备用一"
SPARE_2 = "备用二"
