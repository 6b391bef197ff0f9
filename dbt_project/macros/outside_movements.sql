{# Money to and from other banks, wallets, brokers and wealth companies since a day, in a relation with columns of core.transactions
   and for the accounts of one with account_id and customer_id: transfers with another bank or wallet, and investments outside. `kind` is the first
   that holds: securities (the other side is a broker, patterns.csv), wealth (an investment, or the other side is a wealth
   company), own_name (the same person), other. What was reversed later is left out, and so is the reversal. #}
{% macro outside_movements(transactions, accounts, since) %}
with movements as (
    select
        accounts.customer_id,
        transactions.txn_id,
        transactions.biz_date,
        transactions.direction,
        transactions.amount,
        transactions.txn_type,
        transactions.counterparty_bank,
        transactions.is_own_name,
        lower(concat(coalesce(transactions.counterparty_name, ''), ' ', coalesce(transactions.counterparty_bank, ''))) as words
    from {{ transactions }} as transactions
    inner join {{ accounts }} as accounts on transactions.account_id = accounts.account_id
    where transactions.biz_date >= {{ since }}
        and transactions.txn_type in ('transfer', 'investment')
        and (
            transactions.counterparty_bank is not null
            or (transactions.txn_type = 'investment' and transactions.counterparty_name is not null)
        )
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
),

reversed as (
    select distinct reversed_txn_id as txn_id
    from {{ ref('stg_core__transactions') }}
    where reversed_txn_id is not null and biz_date >= {{ since }}
)

select
    movements.customer_id,
    movements.biz_date,
    movements.direction,
    movements.amount,
    case
        when meanings.says_securities = 1 then 'securities'
        when movements.txn_type = 'investment' or meanings.says_wealth = 1 then 'wealth'
        when movements.is_own_name then 'own_name'
        else 'other'
    end as kind,
    movements.counterparty_bank
from movements
left join meanings on movements.words = meanings.words
left join reversed on movements.txn_id = reversed.txn_id
where reversed.txn_id is null
    and (movements.counterparty_bank is not null or meanings.says_securities = 1)
{% endmacro %}
