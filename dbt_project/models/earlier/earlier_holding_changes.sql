-- earlier_holding_changes: how had customers' investments changed in value by the earlier days, as was known then?
--
-- One row per customer of earlier_customers and day of change: what earlier_peaks are made of beside deposits. Today's
-- snapshot may tell it otherwise; customer_peaks looks.
select
    customers.customer_no,
    changes.changed_on,
    {{ money('sum(changes.change_amount)') }} as change_amount,
    {{ as_of_column() }}
from {{ ref('holding_changes') }} as changes
inner join {{ ref('earlier_customers') }} as customers on changes.customer_id = customers.customer_id
group by customers.customer_no, changes.changed_on
