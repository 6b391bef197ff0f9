-- recognised_payments: which transactions tell by their texts what they were for?
--
-- One row per transaction: of the last 180 days what was paid to somebody, of the last 90 also what a lender paid in.
-- `kind` is the first below of which a pattern (patterns.csv) stands in the counterparty's name or the memo, so that a
-- payment counts once; repayments to another bank are other_loan without any text. Moves to the own name are payments
-- only where they go to a lender. What was reversed later is left out.
{% set kinds = ['shopping_credit', 'internet_lender', 'other_loan', 'lease', 'rent', 'tuition', 'toll', 'utility',
    'social_insurance', 'insurance', 'beauty', 'household'] %}
{% set loan_kinds = "'shopping_credit', 'internet_lender', 'other_loan'" %}
{% set scan %}
from {{ ref('stg_core__transactions') }}
    where biz_date > {{ plus_days(as_of(), -180) }}
        and txn_type in ('transfer', 'purchase', 'standing_order', 'investment', 'loan_repayment')
{% endset %}
-- the patterns are looked for in the different texts, not in every row; the transactions are read twice, for kept in
-- between they would fill the memory, and by a simple filter, as what is judged row by row costs more than it saves
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
    accounts.customer_id,
    told.biz_date,
    told.direction,
    told.amount,
    told.kind,
    told.counterparty,
    told.counterparty_bank,
    {{ as_of_column() }}
from told
inner join {{ ref('stg_core__accounts') }} as accounts on told.account_id = accounts.account_id
anti join {{ ref('reversed_transactions') }} as reversed on told.txn_id = reversed.txn_id
where (
    told.direction = 'out'
    or (told.kind = 'internet_lender' and told.txn_type = 'transfer' and told.biz_date > {{ plus_days(as_of(), -90) }})
)
    and (told.txn_type <> 'loan_repayment' or told.counterparty_bank is not null)
    and (not told.is_own_name or told.kind in ({{ loan_kinds }}))
    and (told.kind <> 'other_loan' or told.counterparty_bank is not null or told.txn_type = 'standing_order')
