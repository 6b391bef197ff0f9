{{ config(enabled=var('pay', false), schema='pay') }}
-- pay_structure 员工工资结构: what does one employee cost the bank, what is withheld, and what is paid out?
--
-- One row per staff_id and pay_month of the last 13 months. total_cost_amount is gross pay and what the bank bears on top;
-- gross less withheld less net is other_amount, which should be 0. rank_band: the quarter of all staff paid for the month
-- that gross pay stands in, 4 the highest; unknown where fewer than pay_band_staff were paid, so that a band tells nothing
-- of a colleague. Built only where the bank turns `pay` on, in a schema of its own, and read by nothing but the file that
-- the employee's own page reads.
with parts as (
    select
        *,
        base_pay + performance_pay + allowances as gross,
        insurance_employer + housing_fund_employer + annuity_employer as borne,
        insurance_employee + housing_fund_employee + annuity_employee + tax as withheld
    from {{ ref('stg_hr__staff_pay') }}
)

select
    staff_id,
    branch_id,
    pay_month,
    {{ money('gross + borne') }} as total_cost_amount,
    {{ money('gross') }} as gross_amount,
    base_pay as base_pay_amount,
    performance_pay as performance_pay_amount,
    allowances as allowances_amount,
    {{ money('borne') }} as employer_amount,
    insurance_employer as insurance_employer_amount,
    housing_fund_employer as housing_fund_employer_amount,
    annuity_employer as annuity_employer_amount,
    {{ money('withheld') }} as withheld_amount,
    insurance_employee as insurance_employee_amount,
    housing_fund_employee as housing_fund_employee_amount,
    annuity_employee as annuity_employee_amount,
    tax as tax_amount,
    net_pay as net_pay_amount,
    {{ money('gross - withheld - net_pay') }} as other_amount,
    case when count(*) over (partition by pay_month) >= {{ threshold('pay_band_staff') }}
        then cast(least(4, floor(percent_rank() over (partition by pay_month order by gross nulls last) * 4) + 1) as integer)
    end as rank_band,
    {{ as_of_column() }}
from parts
