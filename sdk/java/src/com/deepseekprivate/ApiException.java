package com.deepseekprivate;

import java.time.Duration;

/** The service refused or failed; the code is a native one such as 42901 (docs/errors.md). */
public final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int code;
    private final int status;
    private final transient Duration retryAfter;

    ApiException(int code, String message, int status, Duration retryAfter) {
        super(message);
        this.code = code;
        this.status = status;
        this.retryAfter = retryAfter;
    }

    public int code() {
        return code;
    }

    public int status() {
        return status;
    }

    /** How long the service asks to wait; zero where it does not say. */
    public Duration retryAfter() {
        return retryAfter;
    }

    public boolean retryable() {
        return status == 429 || status >= 500;
    }
}
