-- merchant_days: how does each merchant's settlement stand on each day, against what is usual for it?
--
-- One row per merchant and day: the business date for every merchant that is rated or not, and the last 200 days of those
-- that were below their usual settlement on any of them. Settlement is payments less refunds. settled_30d_amount: the 30
-- days that end on the day. usual_amount: the mean of the three 30-day windows before those (days 31 to 120), of what
-- lies after signing and the first delivered day. idle_days: open days since the last settlement, 0 while the silence is
-- no longer than a week, null without a settlement to count from; public holidays and the merchant's own closed weekdays (weekdays without any settlement in the 8
-- weeks up to the last one) are not open. alert_level: against usual_amount; null before the merchant can be rated.
-- Schools and canteens (patterns.csv) stand still in every summer: where last year is known on the business date, they are
-- rated against it alone. usual_amount is then the settlement of the same 30 days 364 days before (the same weekdays),
-- on the days for which it is known, and their idle days do not count, since last year's do not either.
-- season_amount: that base, 0 when it is too small to rate; null for all others.
-- Merchants are few and the days bounded, so this grid stays small; customers never get one.
{% set path_days = 200 %}
{% set first_day = plus_days(as_of(), 1 - path_days) %}
{% set first_read = plus_days(as_of(), 1 - path_days - 119) %}
{% set season_days = 364 + 29 %}
with first_delivered as (
    select min(biz_date) as day
    from {{ ref('stg_acquiring__merchant_daily') }}
),

seasonal as (
    select distinct merchants.merchant_id
    from {{ ref('stg_acquiring__merchants') }} as merchants
    inner join {{ ref('patterns') }} as patterns
        on (patterns.kind = 'seasonal_mcc' and merchants.mcc = patterns.pattern)
        or (patterns.kind = 'seasonal_name' and lower(merchants.merchant_name) like concat('%', lower(patterns.pattern), '%'))
),

merchants as (
    select
        merchants.merchant_id,
        greatest(merchants.signed_on, first_delivered.day) as known_from,
        seasonal.merchant_id is not null
        and greatest(merchants.signed_on, first_delivered.day) <= {{ plus_days(as_of(), '-' ~ season_days) }} as has_season,
        -- a short number in place of the text makes sorting the grid cheap
        row_number() over (order by merchants.merchant_id nulls last) as merchant_no
    from {{ ref('stg_acquiring__merchants') }} as merchants
    cross join first_delivered
    left join seasonal on merchants.merchant_id = seasonal.merchant_id
    where merchants.status <> 'closed'
),

settlements as (
    select
        merchants.merchant_no,
        daily.biz_date as day,
        cast(greatest(daily.amount - daily.refund_amount, 0) as decimal(18, 2)) as amount
    from {{ ref('stg_acquiring__merchant_daily') }} as daily
    inner join merchants on daily.merchant_id = merchants.merchant_id
    where daily.biz_date >= {{ first_read }} and daily.amount > daily.refund_amount
),

-- the silences that matter: longer than a week, or still going on
silences as (
    select merchant_no, settled_on, next_on
    from (
        select
            merchant_no,
            day as settled_on,
            coalesce(lead(day) over (partition by merchant_no order by day nulls last), {{ plus_days(as_of(), 1) }}) as next_on
        from settlements
    ) as gaps
    where next_on > {{ first_day }}
        and ({{ days_between('next_on', 'settled_on') }} > 7 or next_on > {{ as_of() }})
),

open_weekdays as (
    select distinct
        silences.merchant_no,
        silences.settled_on,
        {{ weekday('settlements.day') }} as open_weekday
    from silences
    inner join settlements
        on silences.merchant_no = settlements.merchant_no
        and silences.settled_on >= settlements.day
        and {{ plus_days('silences.settled_on', -56) }} < settlements.day
),

holidays as (
    select cal_date
    from {{ ref('stg_core__calendar') }}
    where not is_business_day and (holiday_name is not null or {{ weekday('cal_date') }} <= 5)
),

silent_days as (
    select
        silences.merchant_no,
        days.day,
        cast(sum(case when open_weekdays.open_weekday is not null and holidays.cal_date is null then 1 else 0 end) over (
            partition by silences.merchant_no, silences.settled_on order by days.day nulls last
            rows between unbounded preceding and current row
        ) as integer) as idle_days
    from silences
    inner join {{ last_days(path_days + 119) }} as days on silences.settled_on < days.day and silences.next_on > days.day
    left join open_weekdays
        on silences.merchant_no = open_weekdays.merchant_no
        and silences.settled_on = open_weekdays.settled_on
        and {{ weekday('days.day') }} = open_weekdays.open_weekday
    left join holidays on days.day = holidays.cal_date
),

last_year as (
    select
        merchants.merchant_no,
        {{ plus_days('daily.biz_date', 364) }} as day,
        cast(greatest(daily.amount - daily.refund_amount, 0) as decimal(18, 2)) as amount
    from {{ ref('stg_acquiring__merchant_daily') }} as daily
    inner join merchants on daily.merchant_id = merchants.merchant_id
    where merchants.has_season
        and daily.biz_date >= {{ plus_days(as_of(), 1 - path_days - season_days) }}
        and daily.biz_date <= {{ plus_days(as_of(), -364) }}
),

seasons as (
    select
        merchants.merchant_no,
        merchants.known_from,
        days.day,
        sum(last_year.amount) over (
            partition by merchants.merchant_no order by days.day nulls last rows between 29 preceding and current row
        ) as settled_30d
    from merchants
    inner join {{ last_days(path_days + 29) }} as days on merchants.known_from <= {{ plus_days('days.day', -364) }}
    left join last_year on merchants.merchant_no = last_year.merchant_no and days.day = last_year.day
    where merchants.has_season
),

windows as (
    select
        merchants.merchant_no,
        merchants.merchant_id,
        merchants.known_from,
        merchants.has_season,
        days.day,
        sum(settlements.amount) over (
            partition by merchants.merchant_no order by days.day nulls last rows between 29 preceding and current row
        ) as settled_30d,
        sum(settlements.amount) over (
            partition by merchants.merchant_no order by days.day nulls last rows between 119 preceding and 30 preceding
        ) as settled_31_120d
    from merchants
    inner join {{ last_days(path_days + 119) }} as days on merchants.known_from <= days.day
    left join settlements on merchants.merchant_no = settlements.merchant_no and days.day = settlements.day
),

measured as (
    select
        windows.merchant_no,
        windows.merchant_id,
        windows.day,
        cast(coalesce(windows.settled_30d, 0) as decimal(18, 2)) as settled_30d_amount,
        case
            when windows.has_season then cast(coalesce(seasons.settled_30d, case when seasons.day is not null then 0 end) as decimal(18, 2))
            when {{ days_between('windows.day', 'windows.known_from') }} >= {{ threshold('merchant_rated_after_days') }} then cast(floor(
                cast(coalesce(windows.settled_31_120d, 0) * 100 as bigint) * 30
                / cast(least(90, {{ days_between('windows.day', 'windows.known_from') }} - 29) as double) + 0.5
            ) / 100 as decimal(18, 2))
        end as usual_amount,
        windows.has_season,
        coalesce(silent_days.idle_days, case when windows.settled_30d > 0 then 0 end) as idle_days
    from windows
    left join seasons
        on windows.merchant_no = seasons.merchant_no
        and windows.day = seasons.day
        and seasons.known_from <= {{ plus_days('seasons.day', '-' ~ season_days) }}
    left join silent_days on windows.merchant_no = silent_days.merchant_no and windows.day = silent_days.day
    where windows.day >= {{ first_day }}
),

rated as (
    select
        *,
        case
            when usual_amount >= {{ threshold('merchant_rated_base') }}
                then {{ alert_level('settled_30d_amount', 'usual_amount', 'case when has_season then 0 else idle_days end') }}
        end as alert_level,
        case
            when has_season and usual_amount >= {{ threshold('merchant_rated_base') }} then usual_amount
            when has_season then cast(0 as decimal(18, 2))
        end as season_amount
    from measured
),

declining as (
    select distinct merchant_no
    from rated
    where alert_level > 0
)

select
    rated.merchant_id,
    rated.day,
    rated.settled_30d_amount,
    rated.usual_amount,
    cast(rated.idle_days as integer) as idle_days,
    cast(rated.alert_level as integer) as alert_level,
    rated.season_amount,
    {{ as_of_column() }}
from rated
left join declining on rated.merchant_no = declining.merchant_no
where rated.day = {{ as_of() }} or declining.merchant_no is not null
