{# Bookings that may be money from outside, with the columns asked for and what is known of them before it is known whose
   accounts they moved. is_surely_outside: other banks and cash, on whatever account. #}
{% macro outside_candidates(columns) -%}
select
    {{ columns | join(',\n    ') }},
    counterparty_account,
    counterparty_bank is not null or txn_type = 'cash' as is_surely_outside
from {{ ref('stg_core__transactions') }}
where txn_type not in ('interest', 'loan_disbursal', 'investment', 'reversal')
    and (counterparty_bank is not null or not coalesce(is_own_name, false))
{%- endmacro %}

{# Only the other side's account can tell whether it is the customer's own. #}
{% macro is_asked_flow() -%}
(is_own_name is null and counterparty_bank is null and counterparty_account is not null)
{%- endmacro %}

{# Those that did come from outside or went there, and whose they were. `asked` are the candidates that is_asked_flow speaks
   of, `plain` the others, for rows of one CTE with two readers would all be kept in memory; `account` is the column that
   names their account. `accounts`: deposit_accounts, or all of those of some customers. #}
{% macro outside_flows(plain, asked, account, columns, accounts=ref('deposit_accounts')) -%}
select
    accounts.customer_id,
    accounts.customer_no,
    flows.{{ columns | join(',\n    flows.') }}
from {{ plain }} as flows
inner join {{ accounts }} as accounts on flows.{{ account }} = accounts.{{ account }}
where flows.is_surely_outside or accounts.account_type = 'demand'
union all
select
    accounts.customer_id,
    accounts.customer_no,
    flows.{{ columns | join(',\n    flows.') }}
from {{ asked }} as flows
inner join {{ accounts }} as accounts on flows.{{ account }} = accounts.{{ account }}
left join {{ accounts }} as own_accounts
    on accounts.customer_id = own_accounts.customer_id and flows.counterparty_account = own_accounts.account_id
where (flows.is_surely_outside or accounts.account_type = 'demand') and own_accounts.account_id is null
{%- endmacro %}

{# The sums of customer_month_flows, each as what a booking adds to it. #}
{% macro month_flow_amounts() -%}
{%- set since_90d, since_180d = plus_days(as_of(), -90), plus_days(as_of(), -180) -%}
{{ return({
    'inflow_amount': "direction = 'in'",
    'outflow_amount': "direction = 'out'",
    'inflow_90d_amount': "direction = 'in' and biz_date > " ~ since_90d,
    'inflow_prior_90d_amount': "direction = 'in' and biz_date > " ~ since_180d ~ " and biz_date <= " ~ since_90d,
    'outflow_6m_amount': "direction = 'out' and biz_date > " ~ plus_months(as_of(), -6),
}) }}
{%- endmacro %}

{# For payment_means: which of them paid something within the last 90 days, and the sums that each adds to. #}
{% macro is_paid_flow() -%}
direction = 'out'
        and biz_date > {{ plus_days(as_of(), -90) }}
        and txn_type in ('purchase', 'transfer', 'cash', 'standing_order', 'loan_repayment')
{%- endmacro %}

{% macro paid_candidates() -%}
{{ outside_candidates(['txn_id', 'account_id', 'biz_date', 'amount', 'txn_type', 'channel', is_asked_flow() ~ ' as is_asked']) }}
        and {{ is_paid_flow() }}
{%- endmacro %}

{% macro payment_mean_amounts() -%}
{{ return({
    'out_amount': 'true',
    'cash_amount': "txn_type = 'cash'",
    'paid_amount': "txn_type in ('purchase', 'transfer')",
    'third_party_amount': "txn_type in ('purchase', 'transfer') and channel = 'third_party'",
}) }}
{%- endmacro %}
