-- report_market_share 市场份额: how much of its county's business is this bank's, how did that change, what is a point worth?
--
-- One row per open branch, month, business line and bank of the branch's county: every bank in the newest month
-- reported, this bank alone in the months before (view: banks, months). This bank is the one whose name head office's
-- begins with, or that a pattern of kind own_bank names. point_margin_amount: what one point of the market earns in a
-- year at the mean margin of the line's products. Five years on: the market grows on as in the last twelve months, at
-- most by market_growth_most a year, and the bank wins share_gain_a_year; potential is what it would then hold more.
{% set margins = {
    'personal_demand': "'demand'", 'personal_time': "'time'", 'corporate_deposit': "'demand', 'time'",
    'personal_loan': "'mortgage', 'consumer_loan'", 'corporate_loan': "'business_loan'",
} %}
{% set grown = ['(1 + cast(compared.market_growth_rate as double))'] * 5 %}
with own_banks as (
    select distinct market.bank_name
    from (select distinct bank_name from {{ ref('stg_external__market_share') }}) as market
    inner join (
        select branch_name as words, true as is_head from {{ ref('stg_core__branches') }} where level = 'head'
        union all
        select pattern as words, false as is_head from {{ ref('patterns') }} where kind = 'own_bank'
    ) as names
        on case when names.is_head then names.words like concat(market.bank_name, '%') else market.bank_name = names.words end
),

market as (
    select
        shares.biz_month,
        shares.region_code,
        shares.business_line,
        shares.bank_name,
        own_banks.bank_name is not null as is_own,
        shares.balance,
        sum(shares.balance) over (partition by shares.biz_month, shares.region_code, shares.business_line) as market_amount,
        row_number() over (
            partition by shares.biz_month, shares.region_code, shares.business_line
            order by shares.balance desc nulls last, shares.bank_name nulls last
        ) as place,
        max(shares.biz_month) over (partition by shares.region_code, shares.business_line) as newest_month
    from {{ ref('stg_external__market_share') }} as shares
    left join own_banks on shares.bank_name = own_banks.bank_name
),

compared as (
    select
        market.*,
        year_before.balance as year_before_amount,
        year_before.market_amount as year_before_market_amount,
        year_before.place as year_before_place,
        case when year_before.market_amount > 0 then greatest(-{{ threshold('market_growth_most') }}, least(
            {{ threshold('market_growth_most') }}, {{ rate('market.market_amount - year_before.market_amount', 'year_before.market_amount') }}
        )) end as market_growth_rate,
        {{ rate('market.balance', 'market.market_amount') }} as share_rate
    from market
    left join market as year_before
        on market.region_code = year_before.region_code
        and market.business_line = year_before.business_line
        and market.bank_name = year_before.bank_name
        and year_before.biz_month = concat({{ as_text('cast(substr(market.biz_month, 1, 4) as integer) - 1') }}, substr(market.biz_month, 5))
    where market.biz_month = market.newest_month or market.is_own
),

margins as (
    select
        {%- for line, categories in margins.items() %}
        {{ rate("sum(case when category in (" ~ categories ~ ") then annual_margin else 0 end)",
            "sum(case when category in (" ~ categories ~ ") then 1 else 0 end)") }} as {{ line }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_core__products') }}
)

select
    branches.branch_id,
    compared.region_code,
    case when compared.biz_month = compared.newest_month then 'banks' else 'months' end as view,
    compared.biz_month,
    compared.business_line,
    case when compared.business_line in ('personal_loan', 'corporate_loan') then 'loan' else 'deposit' end as side,
    compared.bank_name,
    compared.is_own,
    {{ money('compared.balance') }} as balance_amount,
    {{ money('compared.market_amount') }} as market_amount,
    compared.share_rate,
    cast(compared.place as integer) as share_rank,
    {{ money('compared.year_before_amount') }} as year_before_amount,
    {{ money('compared.year_before_market_amount') }} as year_before_market_amount,
    {{ rate('compared.year_before_amount', 'compared.year_before_market_amount') }} as year_before_share_rate,
    cast(compared.year_before_place as integer) as year_before_rank,
    {{ rate('compared.balance - compared.year_before_amount', 'compared.year_before_amount') }} as growth_rate,
    case when compared.is_own then compared.market_growth_rate end as market_growth_rate,
    {{ money('case when compared.is_own then compared.market_amount / 100 end') }} as point_amount,
    case when compared.is_own then cast(floor(cast(compared.market_amount as double) * case compared.business_line
        {%- for line in margins %}
        when '{{ line }}' then margins.{{ line }}
        {%- endfor %}
    end + 0.5) / 100 as decimal(18, 2)) end as point_margin_amount,
    case when compared.is_own then cast(floor((
        cast(compared.market_amount as double) * {{ grown | join(' * ') }}
        * least(1, compared.share_rate + 5 * {{ threshold('share_gain_a_year') }}) - cast(compared.balance as double)
    ) * 100 + 0.5) / 100 as decimal(18, 2)) end as potential_5y_amount,
    {{ as_of_column() }}
from compared
cross join margins
inner join {{ ref('stg_core__branches') }} as branches on compared.region_code = branches.region_code
where branches.level in ('branch', 'outlet') and (branches.closed_on is null or branches.closed_on > {{ as_of() }})
