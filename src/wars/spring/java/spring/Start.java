package spring;

import org.springframework.security.web.context.AbstractSecurityWebApplicationInitializer;

/** Puts Spring Security's filter before everything. */
public class Start extends AbstractSecurityWebApplicationInitializer {
    /** Starts the context with {@link Security}. */
    public Start() {
        super(Security.class);
    }
}
