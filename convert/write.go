package convert

import (
	"context"
	"time"
)

// Write makes the checkpoint folder. It appears whole, or not at all. One that is
// there already, complete and made from the same, is left alone.
func (c *Conversion) Write(ctx context.Context) (*Result, error) {
	start := time.Now()
	warnings, err := c.out.Write(ctx, &c.content)
	if err != nil {
		return nil, err
	}
	c.Warnings = append(c.Warnings, warnings...)
	return c.result(start), nil
}
