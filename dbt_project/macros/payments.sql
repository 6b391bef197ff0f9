{# The texts and rules by which recognised_payments knows what a booking was for, of days for which `days` holds and of
   `accounts`, which gives account_no. #}
{% macro payments_told_by_texts(days, accounts) -%}
{% set kinds = ['shopping_credit', 'internet_lender', 'other_loan', 'lease', 'rent', 'tuition', 'toll', 'utility',
    'social_insurance', 'insurance', 'beauty', 'household'] %}
{% set loan_kinds = "'shopping_credit', 'internet_lender', 'other_loan'" %}
{% set scan %}
from {{ ref('stg_core__transactions') }}
    where biz_date > {{ plus_days(as_of(), -180) }}
        and txn_type in ('transfer', 'purchase', 'standing_order', 'investment', 'loan_repayment')
        and {{ days }}
{% endset %}
{#- the patterns are looked for in the different texts, not in every row; the transactions are read twice, for kept in
   between they would fill the memory, and by a simple filter, as what is judged row by row costs more than it saves #}
with texts as (
    select distinct
        counterparty_name as name,
        memo,
        txn_type = 'loan_repayment' as is_repayment
    {{ scan }}
),

words as (
    select name as word, lower(name) as spelled, true as is_name
    from texts
    where name is not null
    group by name
    union all
    select memo as word, lower(memo) as spelled, false as is_name
    from texts
    where memo is not null
    group by memo
),

known as (
    select
        case kind
            when 'internet_lender_name' then {{ kinds.index('internet_lender') }}
            {%- for kind in kinds %}
            when '{{ kind }}' then {{ loop.index0 }}
            {%- endfor %}
        end as kind_place,
        kind = 'internet_lender_name' as is_for_names,
        pattern,
        lower(pattern) as spelled,
        case when kind = 'internet_lender' and meaning <> 'internet_lender' then meaning end as lender
    from {{ ref('patterns') }}
    where kind in ('internet_lender_name', '{{ kinds | join("', '") }}')
),

word_meanings as (
    select
        words.word,
        words.is_name,
        min(known.kind_place) as kind_place,
        min(known.lender) as lender,
        min(case when known.kind_place = {{ kinds.index('internet_lender') }} then known.pattern end) as lender_pattern
    from words
    inner join known on contains(words.spelled, known.spelled) and (words.is_name or not known.is_for_names)
    group by words.word, words.is_name
),

meanings as (
    select
        texts.name,
        texts.memo,
        texts.is_repayment,
        coalesce(
            least(names.kind_place, memos.kind_place), names.kind_place, memos.kind_place, {{ kinds.index('other_loan') }}
        ) as kind_place,
        coalesce(least(names.lender, memos.lender), names.lender, memos.lender) as lender,
        coalesce(names.lender_pattern, memos.lender_pattern) as lender_pattern
    from texts
    left join word_meanings as names on texts.name = names.word and names.is_name
    left join word_meanings as memos on texts.memo = memos.word and not memos.is_name
    where texts.is_repayment or names.kind_place is not null or memos.kind_place is not null
),

payments as (
    select
        txn_id,
        account_id,
        biz_date,
        direction,
        amount,
        txn_type,
        txn_type = 'loan_repayment' as is_repayment,
        counterparty_bank,
        coalesce(is_own_name, false) as is_own_name,
        counterparty_name as name,
        memo
    {{ scan }}
),

told as (
    select
        payments.txn_id,
        payments.account_id,
        payments.biz_date,
        payments.direction,
        payments.amount,
        payments.txn_type,
        payments.counterparty_bank,
        payments.is_own_name,
        case meanings.kind_place
            {%- for kind in kinds %}
            when {{ loop.index0 }} then '{{ kind }}'
            {%- endfor %}
        end as kind,
        case
            when meanings.kind_place = {{ kinds.index('internet_lender') }}
                then coalesce(meanings.lender, payments.name, meanings.lender_pattern)
            when not payments.is_own_name then payments.name
        end as counterparty
    from payments
    inner join meanings
        on payments.name is not distinct from meanings.name
        and payments.memo is not distinct from meanings.memo
        and payments.is_repayment = meanings.is_repayment
)

select
    told.txn_id,
    accounts.account_no,
    told.biz_date,
    told.direction,
    told.amount,
    told.kind,
    told.counterparty,
    told.counterparty_bank
from told
inner join {{ accounts }} as accounts on told.account_id = accounts.account_id
where (
    told.direction = 'out'
    or (told.kind = 'internet_lender' and told.txn_type = 'transfer' and told.biz_date > {{ plus_days(as_of(), -90) }})
)
    and (told.txn_type <> 'loan_repayment' or told.counterparty_bank is not null)
    and (not told.is_own_name or told.kind in ({{ loan_kinds }}))
    and (told.kind <> 'other_loan' or told.counterparty_bank is not null or told.txn_type = 'standing_order')
{%- endmacro %}

{# The credits that payroll_credits takes for pay, of days for which `days` holds and of `accounts`, by account_no. #}
{% macro pay_by_account(days, accounts) -%}
with credits as (
    select
        account_id,
        biz_date,
        amount,
        txn_type,
        counterparty_name,
        counterparty_account,
        memo
    from {{ ref('stg_core__transactions') }}
    where direction = 'in'
        and txn_type in ('payroll', 'transfer')
        and biz_date > {{ plus_months(as_of(), -7) }}
        and amount >= {{ threshold('payroll_min_amount') }}
        and amount <= {{ threshold('payroll_max_amount') }}
        and not coalesce(is_own_name, false)
        and {{ days }}
),

-- the patterns are looked for in the different texts, not in every row
texts as (
    select counterparty_name as words from credits
    union
    select memo as words from credits
),

meanings as (
    select
        texts.words,
        bool_or(patterns.kind = 'payroll') as says_payroll,
        bool_or(patterns.kind = 'reimbursement') as says_reimbursement
    from texts
    inner join {{ ref('patterns') }} as patterns
        on patterns.kind in ('payroll', 'reimbursement')
        and lower(texts.words) like concat('%', lower(patterns.pattern), '%')
    group by texts.words
)

select
    accounts.account_no,
    coalesce(credits.counterparty_name, credits.counterparty_account, '') as employer,
    credits.biz_date as paid_on,
    sum(credits.amount) as amount
from credits
inner join {{ accounts }} as accounts on credits.account_id = accounts.account_id
left join meanings as names on credits.counterparty_name = names.words
left join meanings as memos on credits.memo = memos.words
where (credits.txn_type = 'payroll' or names.says_payroll or memos.says_payroll)
    and not coalesce(names.says_reimbursement, false)
    and not coalesce(memos.says_reimbursement, false)
group by accounts.account_no, coalesce(credits.counterparty_name, credits.counterparty_account, ''), credits.biz_date
{%- endmacro %}

{# What own_name_transfers tells, of days for which `days` holds and of `accounts`, which gives account_no. #}
{% macro own_name_moves(days, accounts) -%}
with moves as (
    select
        txn_id,
        account_id,
        biz_date,
        direction,
        amount,
        counterparty_bank
    from {{ ref('stg_core__transactions') }}
    where txn_type in ('transfer', 'standing_order', 'loan_repayment')
        and biz_date > {{ plus_months(as_of(), -6) }}
        and channel <> 'third_party'
        and is_own_name
        and counterparty_bank is not null
        and {{ days }}
),

banks as (
    select distinct counterparty_bank
    from moves
),

wallets as (
    select distinct banks.counterparty_bank
    from banks
    inner join {{ ref('patterns') }} as patterns
        on patterns.kind = 'wallet' and lower(banks.counterparty_bank) like concat('%', lower(patterns.pattern), '%')
)

select
    moves.txn_id,
    accounts.account_no,
    moves.biz_date,
    moves.direction,
    moves.amount,
    moves.counterparty_bank
from moves
inner join {{ accounts }} as accounts on moves.account_id = accounts.account_id
anti join wallets on moves.counterparty_bank = wallets.counterparty_bank
{%- endmacro %}

{# What payroll_departures counts as leaving, less what comes back (below 0), of days for which `days` holds and of
   `accounts`, which gives account_no; reversed bookings too. #}
{% macro departing_moves(days, accounts) -%}
{% set repayment_kinds = ['repayment', 'shopping_credit', 'internet_lender', 'internet_lender_name', 'other_loan'] %}
with moves as (
    select
        txn_id,
        account_id,
        biz_date,
        case when direction = 'out' then amount else -amount end as amount,
        case when direction = 'out' then lower(coalesce(counterparty_name, '')) else '' end as name,
        case when direction = 'out' then lower(coalesce(memo, '')) else '' end as memo
    from {{ ref('stg_core__transactions') }}
    where txn_type = 'transfer'
        and biz_date > {{ plus_months(as_of(), -4) }}
        and (counterparty_bank is not null or channel = 'third_party')
        and (direction = 'out' or is_own_name)
        and {{ days }}
),

-- the patterns are looked for in the different texts, not in every row
repaying as (
    select distinct texts.name, texts.memo
    from (select distinct name, memo from moves) as texts
    inner join {{ ref('patterns') }} as patterns
        on patterns.kind in ('{{ repayment_kinds | join("', '") }}')
        and (
            texts.name like concat('%', lower(patterns.pattern), '%')
            or (patterns.kind <> 'internet_lender_name' and texts.memo like concat('%', lower(patterns.pattern), '%'))
        )
)

select
    moves.txn_id,
    accounts.account_no,
    moves.biz_date,
    {{ money('moves.amount') }} as amount
from moves
inner join {{ accounts }} as accounts on moves.account_id = accounts.account_id
anti join repaying on moves.name = repaying.name and moves.memo = repaying.memo
{%- endmacro %}
