{{ config(materialized='view') }}
-- external_flows: which movements brought customers money from outside, or took it there?
--
-- One row per transaction. Outside means: not another account of the same customer here. Interest, loan disbursals,
-- investments that mature or are bought, and reversals are no money from outside either. Whether the counterparty is the
-- customer is taken from is_own_name; where that is not delivered, from the counterparty's account. Own money at another
-- bank is outside. A transfer on a time, notice or cd account without another bank is the customer's own move.
--
-- Written out twice by whether the counterparty's account must be looked at: rows of one CTE with two readers would all
-- be kept in memory. What speaks for outside is worked out before the join, for texts that go through it cost most.
{% set columns = ['txn_id', 'account_id', 'biz_date', 'direction', 'amount', 'txn_type', 'channel', 'counterparty_bank'] %}
{% set is_asked = 'is_own_name is null and counterparty_bank is null and counterparty_account is not null' %}
{% set candidates %}
select
    {{ columns | join(', ') }},
    counterparty_account,
    counterparty_bank is not null or txn_type = 'cash' as is_surely_outside
from {{ ref('stg_core__transactions') }}
where txn_type not in ('interest', 'loan_disbursal', 'investment', 'reversal')
    and (counterparty_bank is not null or not coalesce(is_own_name, false))
{% endset %}
{% set flows %}
select
    accounts.customer_id,
    {% for column in columns -%}
    flows.{{ column }}{{ ',' if not loop.last }}
    {% endfor -%}
from flows
inner join {{ ref('stg_core__accounts') }} as accounts on flows.account_id = accounts.account_id
{% endset %}
with plain_flows as (
    {{ candidates }} and not ({{ is_asked }})
),

asked_flows as (
    {{ candidates }} and {{ is_asked }}
)

{{ flows | replace('from flows', 'from plain_flows as flows') }}
where flows.is_surely_outside or accounts.account_type = 'demand'
union all
{{ flows | replace('from flows', 'from asked_flows as flows') }}
left join {{ ref('stg_core__accounts') }} as own_accounts
    on accounts.customer_id = own_accounts.customer_id and flows.counterparty_account = own_accounts.account_id
where (flows.is_surely_outside or accounts.account_type = 'demand') and own_accounts.account_id is null
