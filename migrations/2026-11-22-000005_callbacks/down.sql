DROP TABLE platform_reach;
DROP TABLE callbacks;
