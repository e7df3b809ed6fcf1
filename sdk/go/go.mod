module deepseek.private/sdk

go 1.21
