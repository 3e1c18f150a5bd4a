"""Files as the European Central Bank publishes them, shortened."""

import io
import zipfile

DAILY_XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" \
xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
\t<gesmes:subject>Reference rates</gesmes:subject>
\t<gesmes:Sender>
\t\t<gesmes:name>European Central Bank</gesmes:name>
\t</gesmes:Sender>
\t<Cube>
\t\t<Cube time='2018-02-28'>
\t\t\t<Cube currency='USD' rate='1.2214'/>
\t\t\t<Cube currency='JPY' rate='130.72'/>
\t\t\t<Cube currency='BRL' rate='3.9617'/>
\t\t\t<Cube currency='HRK' rate='7.4475'/>
\t\t</Cube>
\t</Cube>
</gesmes:Envelope>
"""

HISTORY_XML = b"""<?xml version="1.0" encoding="UTF-8"?><gesmes:Envelope \
xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" \
xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><gesmes:subject>Reference rates\
</gesmes:subject><gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>\
<Cube><Cube time="2018-02-28"><Cube currency="USD" rate="1.2214"/><Cube currency="BRL" \
rate="3.9617"/></Cube><Cube time="2018-02-27"><Cube currency="USD" rate="1.2301"/><Cube \
currency="BRL" rate="3.9781"/></Cube></Cube></gesmes:Envelope>"""

DAILY_CSV = b"Date, USD, JPY, BRL, HRK, \n28 February 2018, 1.2214, 130.72, 3.9617, 7.4475, \n"

HISTORY_CSV = (
    b"Date,USD,JPY,CYP,BRL,\n"
    b"2018-02-28,1.2214,130.72,N/A,3.9617,\n"
    b"2018-02-27,1.2301,131.77,N/A,3.9781,\n"
    b"2007-12-31,1.4721,164.93,0.585274,N/A,\n"
)


def zipped(content: bytes, *, name: str = "eurofxref-hist.csv") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr(name, content)
    return packed.getvalue()
