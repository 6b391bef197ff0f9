"""我的工资 Pay: the structure of one's own pay, month by month. Nobody else's: no route names anybody."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from mingdan import pay
from mingdan import settings as settings_module
from mingdan.portal.access import room
from mingdan.portal.app import render
from mingdan.portal.sessions import Visit

router = APIRouter(default_response_class=Response)
PARTS = (
    ("gross_amount", "应发合计", "Gross"), ("base_pay_amount", "其中：基本工资", "of it base pay"),
    ("performance_pay_amount", "其中：绩效工资", "of it performance"),
    ("allowances_amount", "其中：津补贴", "of it allowances"),
    ("withheld_amount", "代扣合计", "Withheld"), ("insurance_employee_amount", "其中：社会保险", "of it insurance"),
    ("housing_fund_employee_amount", "其中：住房公积金", "of it housing fund"),
    ("annuity_employee_amount", "其中：企业年金", "of it annuity"), ("tax_amount", "其中：个人所得税", "of it tax"),
    ("net_pay_amount", "实发", "Net"), ("employer_amount", "单位另行承担", "The bank pays on top"),
    ("total_cost_amount", "用工成本合计", "Total cost"),
)  # fmt: skip


@router.get("/pay")
def own_pay(request: Request, visit: Annotated[Visit, Depends(room("pay"))]) -> Response:
    settings, number = request.app.state.settings, visit.person.employee_id
    months = pay.of(settings_module.home(settings), number) if settings.pay and number else []
    request.app.state.audit.write(visit, "pay", employee_id=number, months=len(months))
    return render(request, "pay.html", is_on=settings.pay, number=number, months=months, parts=PARTS)
