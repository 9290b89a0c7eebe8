# digits in xilinx_u250_xdma_201830_2
# Find cells by name at any depth below the compute unit.
proc farm_place {pblock unit names} {
    foreach name $names {
        set cells [get_cells -quiet -hierarchical -filter "NAME =~ $unit/*/$name || NAME == $unit/$name"]
        if {[llength $cells] != 1} {
            error "dataflow-farm: the floorplan finds [llength $cells] cells called $name in $unit, not one"
        }
        add_cells_to_pblock [get_pblocks $pblock] $cells
    }
}

# Place the two sides of a register slice between SLRs. AMD chooses their names inside the slice. If they are not found,
# warn and leave them to the placer.
proc farm_cross {unit name sides} {
    foreach {side pblock} $sides {
        set cells [get_cells -quiet -hierarchical -filter "NAME =~ $unit/*$name/*$side*"]
        if {[llength $cells] == 0} {
            puts "WARNING: floorplan: the register slice $name has no cells called $side"
            continue
        }
        add_cells_to_pblock [get_pblocks $pblock] $cells
    }
}

farm_place pblock_dynamic_SLR0 pfm_top_i/dynamic_region/digits_1 {reset_slr0 inoutdma preres postres preres_conv0_weights_memory preres_conv0_thresholds_memory postres_fc_bias_memory link0_fifo link1_converter link1_fifo link6_fifo link7_fifo}
farm_place pblock_dynamic_SLR1 pfm_top_i/dynamic_region/digits_1 {reset_slr1 res2a res2b res2a_bypass_thresholds_memory res2a_conv1_weights_memory res2a_conv1_thresholds_memory res2a_conv2a_weights_memory res2a_conv2a_thresholds_memory res2a_conv2b_weights_memory res2a_conv2b_thresholds_memory res2a_conv2c_weights_memory res2a_conv2c_thresholds_memory res2b_bypass_thresholds_memory res2b_conv2a_weights_memory res2b_conv2a_thresholds_memory res2b_conv2b_weights_memory res2b_conv2b_thresholds_memory res2b_conv2c_weights_memory res2b_conv2c_thresholds_memory link2_fifo link3_fifo}
farm_place pblock_dynamic_SLR2 pfm_top_i/dynamic_region/digits_1 {reset_slr2 res3a res3b res3a_bypass_thresholds_memory res3a_conv1_weights_memory res3a_conv1_thresholds_memory res3a_conv2a_weights_memory res3a_conv2a_thresholds_memory res3a_conv2b_weights_memory res3a_conv2b_thresholds_memory res3a_conv2c_weights_memory res3a_conv2c_thresholds_memory res3b_bypass_thresholds_memory res3b_conv2a_weights_memory res3b_conv2a_thresholds_memory res3b_conv2b_weights_memory res3b_conv2b_thresholds_memory res3b_conv2c_weights_memory res3b_conv2c_thresholds_memory link4_fifo link5_fifo}
farm_cross pfm_top_i/dynamic_region/digits_1 link1_crossing0 {slr_master pblock_dynamic_SLR0 slr_slave pblock_dynamic_SLR1}
farm_cross pfm_top_i/dynamic_region/digits_1 link3_crossing0 {slr_master pblock_dynamic_SLR1 slr_slave pblock_dynamic_SLR2}
farm_cross pfm_top_i/dynamic_region/digits_1 link5_crossing0 {slr_master pblock_dynamic_SLR2 slr_slave pblock_dynamic_SLR1}
farm_cross pfm_top_i/dynamic_region/digits_1 link5_crossing1 {slr_master pblock_dynamic_SLR1 slr_slave pblock_dynamic_SLR0}
