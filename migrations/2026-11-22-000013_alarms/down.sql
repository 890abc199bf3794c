DROP INDEX messages_turned_away;
DROP INDEX messages_pushed;
DROP TABLE alarms;
