{# What went to, or came from, other banks, wallets, brokers and wealth companies on days for which `days` holds, of
   `accounts`, which gives account_no: the rows of outside_movements before anybody asks whose they are. #}
{% macro movements(days, accounts) -%}
with movements as (
    select
        txn_id,
        account_id,
        biz_date,
        direction,
        amount,
        txn_type,
        counterparty_bank,
        is_own_name,
        lower(concat(coalesce(counterparty_name, ''), ' ', coalesce(counterparty_bank, ''))) as words
    from {{ ref('stg_core__transactions') }}
    where txn_type in ('transfer', 'investment')
        and (counterparty_bank is not null or (txn_type = 'investment' and counterparty_name is not null))
        and (biz_date >= {{ recent_since(90) }} or amount >= {{ threshold('outside_movement_amount') }})
        and {{ days }}
),

-- the patterns are looked for in the different texts, not in every row
meanings as (
    select
        texts.words,
        max(case when patterns.kind = 'securities' then 1 else 0 end) as says_securities,
        max(case when patterns.kind = 'outside_wealth' then 1 else 0 end) as says_wealth
    from (select distinct words from movements) as texts
    inner join {{ ref('patterns') }} as patterns
        on patterns.kind in ('securities', 'outside_wealth')
        and texts.words like concat('%', lower(patterns.pattern), '%')
    group by texts.words
)

select
    movements.txn_id,
    accounts.account_no,
    movements.biz_date,
    movements.direction,
    movements.amount,
    case
        when meanings.says_securities = 1 then 'securities'
        when movements.txn_type = 'investment' or meanings.says_wealth = 1 then 'wealth'
        when movements.is_own_name then 'own_name'
        else 'other'
    end as kind,
    movements.counterparty_bank,
    {{ as_of_column() }}
from movements
inner join {{ accounts }} as accounts on movements.account_id = accounts.account_id
left join meanings on movements.words = meanings.words
where (movements.counterparty_bank is not null or meanings.says_securities = 1)
{%- endmacro %}

{# Transfers between accounts here on days for which `days` holds: the rows of inside_transfers. #}
{% macro inside_moves(days) -%}
select
    txn_id,
    account_id,
    counterparty_account,
    biz_date,
    direction,
    amount,
    {{ as_of_column() }}
from {{ ref('stg_core__transactions') }}
where txn_type = 'transfer'
    and counterparty_account is not null
    and counterparty_bank is null
    and biz_date > {{ plus_months(as_of(), -6) }}
    and {{ days }}
{%- endmacro %}
