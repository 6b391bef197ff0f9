-- segment_student 学生: who studies?
--
-- One row per customer of kind student.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where customer_kind = 'student'
